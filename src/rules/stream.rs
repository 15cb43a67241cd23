//! What SMTP is spoken over until it is encrypted: a stream of which no more is read than the line that is there. So
//! what somebody in between sent too early, to be taken for an answer that was encrypted, is read as encrypted, and
//! ends the connection.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How far a read looks for the end of the line.
const AHEAD: usize = 1024;

/// A connection that is read line by line.
#[derive(Debug)]
pub(super) struct ByLine(pub(super) TcpStream);

impl AsyncRead for ByLine {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &mut self.get_mut().0;
        let mut ahead = [0; AHEAD];
        let mut ahead = ReadBuf::new(&mut ahead);
        ready!(stream.poll_peek(cx, &mut ahead))?;
        let ahead = ahead.filled();
        let end = ahead.iter().position(|byte| *byte == b'\n');
        let line = end.map_or(ahead.len(), |end| end + 1);
        let line = line.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(line));
        ready!(Pin::new(stream).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ByLine {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for ByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn no_more_is_read_than_one_line() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut ours = ByLine(TcpStream::connect(address).await.unwrap());
        let (mut theirs, _) = listener.accept().await.unwrap();
        let long = "x".repeat(AHEAD);
        let lines = ["220 ready\r\n", "\n", "250-a\r\n", &long, "y\n", "no end"];
        theirs.write_all(lines.concat().as_bytes()).await.unwrap();
        drop(theirs);
        let mut room = [0; 4 * AHEAD];
        for line in lines {
            let read = ours.read(&mut room).await.unwrap();
            assert_eq!(room[..read], *line.as_bytes());
        }
        assert_eq!(ours.read(&mut room).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_line_that_has_no_room_is_read_in_parts() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut ours = ByLine(TcpStream::connect(address).await.unwrap());
        let (mut theirs, _) = listener.accept().await.unwrap();
        theirs.write_all(b"220 ready\r\n250 ok").await.unwrap();
        let mut room = [0; 8];
        assert_eq!(ours.read(&mut room).await.unwrap(), 8);
        assert_eq!(room, *b"220 read");
        assert_eq!(ours.read(&mut room).await.unwrap(), 3);
        assert_eq!(room[..3], *b"y\r\n");
    }
}
