//! Bodies of replies: read piece by piece, and not past a limit.

use reqwest::Response;

/// Why a body was not read.
pub(super) enum Unread {
    /// It is larger than the limit.
    TooLarge,
    /// The connection broke.
    BrokenOff(reqwest::Error),
}

/// Reads a body of up to so many bytes. The rest of a larger one is never read: dropping the reply closes
/// its connection.
pub(super) async fn read(mut reply: Response, limit: usize) -> Result<Vec<u8>, Unread> {
    let announced = reply.content_length().unwrap_or_default();
    if announced > limit as u64 {
        return Err(Unread::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(piece) = reply.chunk().await.map_err(Unread::BrokenOff)? {
        let length = body.len() + piece.len();
        if length > limit {
            return Err(Unread::TooLarge);
        }
        if length > body.capacity() {
            // A vector left to itself doubles, and so might pass the limit.
            let capacity = length.max(body.capacity() * 2).min(limit);
            body.reserve_exact(capacity - body.len());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
