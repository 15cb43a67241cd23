//! The body of a large reply: handed over piece by piece, to a client that has to keep reading.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::time::Instant;

use super::memory::Held;

/// Handed to the connection in one go, in bytes. A whole body would be copied into its buffer.
const PIECE: usize = 16 * 1024;

/// The least a client must read, in bytes a second, after a first minute: as much as it must send.
const LEAST_RATE: usize = 32 * 1024;

/// See [`LEAST_RATE`].
const FIRST: Duration = Duration::from_secs(60);

/// A body that holds its part of the memory until the connection has all of it.
pub(in crate::api) struct PacedBody {
    body: BoxBody,
    /// What the body gave in one go and the connection has not taken yet.
    rest: Bytes,
    deadline: Instant,
    _held: Held,
}

impl PacedBody {
    pub(in crate::api) fn new(body: BoxBody, length: usize, held: Held) -> Self {
        let reading = Duration::from_secs((length / LEAST_RATE) as u64);
        Self {
            body,
            rest: Bytes::new(),
            deadline: Instant::now() + FIRST + reading,
            _held: held,
        }
    }
}

impl MessageBody for PacedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.deadline < Instant::now() {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
        }
        if this.rest.is_empty() {
            match Pin::new(&mut this.body).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => this.rest = bytes,
                other => return other,
            }
        }
        let length = this.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(this.rest.split_to(length))))
    }
}
