//! Names of headers, written as they are documented. They are compared without case, but not by every
//! client: a script that searches the text of a reply finds what it was told to search.

use std::io::IoSlice;

/// What comes before the reply to a request whose body is waited for.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// As actix-http writes them, and as they are called. It puts capitals at the beginning of each word,
/// and none into the replies that it makes itself.
const NAMES: [(&[u8], &[u8]); 6] = [
    (b"Etag", b"ETag"),
    (b"Www-Authenticate", b"WWW-Authenticate"),
    (b"X-Ms-Error-Code", b"x-ms-error-code"),
    (b"connection", b"Connection"),
    (b"content-length", b"Content-Length"),
    (b"date", b"Date"),
];

/// One for each name, one before each of them, and the rest.
const MOST_PIECES: usize = 2 * NAMES.len() + 1;

/// The beginning of a reply, to be written in one go: as long as what actix-http made of it.
pub(super) struct Corrected<'a> {
    pieces: [IoSlice<'a>; MOST_PIECES],
    count: usize,
}

impl<'a> Corrected<'a> {
    /// Takes bytes that have the whole head, as they do when they are written for the first time.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let mut corrected = Self {
            pieces: [IoSlice::new(&[]); MOST_PIECES],
            count: 0,
        };
        let (mut taken, mut line) = (0, interim(bytes));
        while let Some(end) = bytes[line..].iter().position(|byte| *byte == b'\n') {
            line += end + 1;
            if bytes[line..].starts_with(b"\r\n") || corrected.count + 2 >= MOST_PIECES {
                break;
            }
            if let Some(name) = correction(&bytes[line..]) {
                corrected.push(&bytes[taken..line]);
                corrected.push(name);
                taken = line + name.len();
            }
        }
        corrected.push(&bytes[taken..]);
        corrected
    }

    pub(super) fn pieces(&self) -> &[IoSlice<'a>] {
        &self.pieces[..self.count]
    }

    fn push(&mut self, piece: &'a [u8]) {
        self.pieces[self.count] = IoSlice::new(piece);
        self.count += 1;
    }
}

/// How much of these bytes comes before the reply itself.
pub(super) fn interim(bytes: &[u8]) -> usize {
    match bytes.starts_with(CONTINUE) {
        true => CONTINUE.len(),
        false => 0,
    }
}

/// What the name at the beginning of a line is called, if that is something else.
fn correction(line: &[u8]) -> Option<&'static [u8]> {
    let is = |name: &[u8]| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(b":"))
    };
    let known = NAMES.iter().find(|(written, _)| is(written));
    known.map(|(_, called)| *called)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrected(bytes: &str) -> String {
        let corrected = Corrected::of(bytes.as_bytes());
        let pieces: Vec<&[u8]> = corrected.pieces().iter().map(|piece| &**piece).collect();
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[test]
    fn names_are_those_of_the_documentation() {
        assert_eq!(
            corrected(
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nWww-Authenticate: Etag: x\r\n\
                 Etag: \"1\"\r\nX-Ms-Error-Code: A\r\nDate: b\r\n\r\n{}"
            ),
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nWWW-Authenticate: Etag: x\r\n\
             ETag: \"1\"\r\nx-ms-error-code: A\r\nDate: b\r\n\r\n{}"
        );
        assert_eq!(
            corrected("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn what_is_no_name_of_a_header_stays() {
        for bytes in [
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nEtag: x\r\nEtag: y",
            "HTTP/1.1 200 OK\r\nEtagen: x\r\nX-Etag: x\r\nLocation: /\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "",
        ] {
            assert_eq!(corrected(bytes), bytes);
        }
    }

    #[test]
    fn the_reply_may_come_with_the_word_to_go_on() {
        assert_eq!(
            corrected("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nEtag: x\r\n\r\nEtag: y"),
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nETag: x\r\n\r\nEtag: y"
        );
    }

    #[test]
    fn a_head_with_too_many_of_them_is_written_all_the_same() {
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "Etag: x\r\n".repeat(20));
        assert_eq!(corrected(&many).to_lowercase(), many.to_lowercase());
    }
}
