//! A client that allocates nothing after it has connected, so that all that is counted is the
//! service's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::helpers::eventually::DEADLINE;

/// A submission, always the same.
const SUBMIT: &[u8] = b"POST /api/tasks HTTP/1.1\r\nhost: localhost\r\n\
    content-type: application/json\r\ncontent-length: 14\r\n\r\n{\"number\": 24}";

/// The same, by a client that waits for the result.
const SUBMIT_AND_WAIT: &[u8] =
    b"POST /api/tasks HTTP/1.1\r\nhost: localhost\r\nprefer: wait=60\r\n\
    content-type: application/json\r\ncontent-length: 14\r\n\r\n{\"number\": 24}";

const FETCH_START: &[u8] = b"GET /api/tasks/";
const FETCH_REST: &[u8] = b" HTTP/1.1\r\nhost: localhost\r\nprefer: wait=60\r\n\r\n";

/// The length of an id, in bytes.
const ID: usize = 36;

/// A connection that is kept, and room for one request and one reply.
pub(super) struct Client {
    stream: TcpStream,
    fetch: [u8; FETCH_START.len() + ID + FETCH_REST.len()],
    reply: [u8; 4096],
}

impl Client {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut fetch = [0; _];
        fetch[..FETCH_START.len()].copy_from_slice(FETCH_START);
        fetch[FETCH_START.len() + ID..].copy_from_slice(FETCH_REST);
        Self {
            stream,
            fetch,
            reply: [0; _],
        }
    }

    /// Submits a task, then waits for its result, which consumes it.
    pub(super) fn submit_then_fetch(&mut self) {
        let head = exchange(&mut self.stream, SUBMIT, &mut self.reply, "202");
        let id = header(head, "operation-id").as_bytes();
        self.fetch[FETCH_START.len()..][..ID].copy_from_slice(id);
        exchange(&mut self.stream, &self.fetch, &mut self.reply, "200");
    }

    /// Submits a task and waits for its result in one request; the record stays.
    pub(super) fn submit_and_wait(&mut self) {
        exchange(&mut self.stream, SUBMIT_AND_WAIT, &mut self.reply, "200");
    }
}

/// Sends a request, reads the reply to its end, and gives its head.
fn exchange<'a>(
    stream: &mut TcpStream,
    request: &[u8],
    reply: &'a mut [u8],
    status: &str,
) -> &'a str {
    stream.write_all(request).unwrap();
    let mut filled = 0;
    while !is_whole(&reply[..filled]) {
        let read = stream.read(&mut reply[filled..]).unwrap();
        assert!(read > 0, "the service closed the connection");
        filled += read;
    }
    let text = str::from_utf8(&reply[..filled]).unwrap();
    assert_eq!(&text[9..12], status, "{text}");
    text.split_once("\r\n\r\n").unwrap().0
}

fn is_whole(reply: &[u8]) -> bool {
    let text = str::from_utf8(reply).unwrap();
    text.split_once("\r\n\r\n")
        .is_some_and(|(head, body)| header(head, "content-length").parse() == Ok(body.len()))
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    values.next().map_or("", |(_, value)| value)
}
