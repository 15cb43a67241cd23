//! A client that does not keep to the rules: bytes, on a connection.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::helpers::eventually::DEADLINE;

/// A connection on which anything can be sent.
pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(connection)
    }

    /// Sends what the service lets us send.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.0.write_all(bytes.as_ref());
        self
    }

    /// Waits for the first byte of a reply, and leaves it unread.
    pub(crate) fn wait_for_something(&self) {
        assert_eq!(self.0.peek(&mut [0]).unwrap(), 1);
    }

    /// Whether the service has neither closed nor reset the connection.
    pub(crate) fn is_open(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let open =
            matches!(self.0.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.0.set_nonblocking(false).unwrap();
        open
    }

    /// What the service sends before it closes the connection, or resets it. Panics when it does
    /// neither within the deadline.
    pub(crate) fn until_closed(&mut self) -> String {
        let mut text = Vec::new();
        match self.0.read_to_end(&mut text) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("not closed within {DEADLINE:?}: {error}"),
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The next reply, which has no body: it is one to `HEAD`.
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// The next reply with a body of its `Content-Length`.
    pub(crate) fn reply(&mut self) -> String {
        let head = self.head();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        head + &String::from_utf8(body).unwrap()
    }
}

/// The status of a reply.
pub(crate) fn status(reply: &str) -> &str {
    reply.get(9..12).unwrap_or("none")
}
