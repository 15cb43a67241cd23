//! HTTP by hand, for requests that no client would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::eventually::DEADLINE;

/// A reply, as it came.
#[derive(Debug)]
pub struct RawReply {
    /// Its status.
    pub status: u16,
    /// The lines of the head after the first, as they are.
    pub head: Vec<String>,
    /// All that came after the head.
    pub body: Vec<u8>,
}

impl RawReply {
    /// The values of a header, one for each time it is there.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.iter().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// Sends the first line, these header lines and a body, and reads until the service closes the
/// connection. A service that stops reading in between has said all it will.
pub async fn send(
    address: SocketAddr,
    first_line: &[u8],
    headers: &[&[u8]],
    body: &[u8],
) -> RawReply {
    let mut request = [first_line, b"\r\n"].concat();
    for header in headers {
        request.extend_from_slice(header);
        request.extend_from_slice(b"\r\n");
    }
    let length = format!(
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    request.extend_from_slice(length.as_bytes());
    request.extend_from_slice(body);

    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(&request).await;
    let mut reply = Vec::new();
    let read = timeout(DEADLINE, stream.read_to_end(&mut reply));
    let _ = read.await.expect("no reply to a hostile request");
    parse(&reply)
}

fn parse(reply: &[u8]) -> RawReply {
    let shown = String::from_utf8_lossy(reply);
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head of a reply: {shown}"));
    let head = String::from_utf8(reply[..end].to_vec()).expect("a head should be ASCII");
    let mut lines = head.split("\r\n").map(str::to_owned);
    let first = lines.next().unwrap();
    RawReply {
        status: first.split(' ').nth(1).unwrap().parse().unwrap(),
        head: lines.collect(),
        body: reply[end + 4..].to_vec(),
    }
}
