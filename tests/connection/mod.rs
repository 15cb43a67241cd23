//! What one connection carries: requests one after the other, whatever comes with them or before its
//! time.

mod bodies;
mod names;
mod old;
mod pipelined;
mod upgrades;

use crate::limits::raw::Raw;

/// A request without a body.
fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// A submission, with these lines in its head.
fn submission(lines: &str) -> String {
    format!(
        "POST /api/tasks HTTP/1.1\r\nHost: x\r\n{lines}Content-Type: application/json\r\n\
         Content-Length: 14\r\n\r\n{{\"number\": 24}}"
    )
}

/// The body of a reply.
fn body(reply: &str) -> &str {
    reply.split_once("\r\n\r\n").unwrap().1
}

/// A header of a reply, by its name to the letter.
fn header<'a>(reply: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = reply.split_once("\r\n\r\n").unwrap();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(known, _)| *known == name);
    values.next().map(|(_, value)| value)
}
