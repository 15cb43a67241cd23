//! The head of a request: where the request ends, and what must not be told of it.

use std::mem::MaybeUninit;
use std::ops::Range;

use httparse::Status;

use super::body::Body;

/// actix-http's limits for a head: what is beyond them it answers with 431.
const LARGEST: usize = 128 * 1024;
const MOST_HEADERS: usize = 96;

/// What a request without a length lacks that has to have one.
pub(super) const NO_BODY: &[u8] = b"Content-Length: 0\r\n";

/// What the next bytes of a connection are.
pub(super) enum Head {
    /// A beginning.
    Partial,
    /// A head in full.
    Whole(Request),
    /// One that has to have a length and has none: [`NO_BODY`] belongs to this place. HTTP/1.0 lets
    /// it, and no length means no body (RFC 9112, section 6.3), but actix-http refuses a `POST` of it.
    LacksLength(usize),
}

/// A request that is being handed over.
#[derive(Debug)]
pub(super) struct Request {
    /// What is still to come of its head, in bytes.
    head: usize,
    body: Body,
    /// Whether no other may follow it on this connection.
    is_last: bool,
}

impl Request {
    /// What nobody can read: so many bytes to be refused, and nothing after them.
    fn unreadable(length: usize) -> Self {
        Self {
            head: length,
            body: Body::Length(0),
            is_last: true,
        }
    }

    /// How many of these bytes, which are next, belong to it.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> usize {
        let head = self.head.min(bytes.len());
        self.head -= head;
        head + self.body.pass(&bytes[head..])
    }

    /// Whether all of it has passed.
    pub(super) fn has_passed(&self) -> bool {
        self.head == 0 && self.body.has_ended()
    }

    /// Whether nothing may follow what has passed.
    pub(super) fn is_last(&self) -> bool {
        self.is_last || matches!(self.body, Body::Broken)
    }
}

/// How a request says where it ends.
#[derive(Clone, Copy)]
enum Framing {
    /// Not at all: it has no body.
    Absent,
    By(Body),
    /// In two ways, or in one that is not known. actix-http refuses it.
    Wrong,
}

impl Framing {
    fn and(self, other: Option<Body>) -> Self {
        match (self, other) {
            (Self::Absent, Some(body)) => Self::By(body),
            _ => Self::Wrong,
        }
    }
}

/// What the headers of a request say that matters before it is handed over.
struct Said {
    framing: Framing,
    closes: bool,
    stays: bool,
    /// Where it offers another protocol.
    offers: Vec<Range<usize>>,
}

impl Said {
    fn by(request: &httparse::Request<'_, '_>, bytes: &[u8]) -> Self {
        let is_old = request.version == Some(0);
        let mut said = Self {
            framing: Framing::Absent,
            closes: false,
            stays: !is_old,
            offers: Vec::new(),
        };
        for header in &*request.headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                said.framing = said.framing.and(content_length(header.value));
            } else if is("transfer-encoding") {
                let is_chunked = header.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
                let body = (is_chunked && !is_old).then_some(Body::CHUNKED);
                said.framing = said.framing.and(body);
            } else if is("upgrade") {
                said.offers.push(range(bytes, header.value));
            } else if is("connection") {
                said.add_options(header.value, bytes);
            }
        }
        said
    }

    fn add_options(&mut self, value: &[u8], bytes: &[u8]) {
        for option in value.split(|byte| *byte == b',') {
            let is = |known: &[u8]| option.trim_ascii().eq_ignore_ascii_case(known);
            self.closes |= is(b"close");
            self.stays |= is(b"keep-alive");
            if is(b"upgrade") {
                self.offers.push(range(bytes, option));
            }
        }
    }
}

/// Looks for a head at the beginning of these bytes, and takes offers of another protocol out of it:
/// one that is not taken is ignored (RFC 9110, section 7.8), and actix-http would not ignore it.
pub(super) fn read(bytes: &mut [u8]) -> Head {
    let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() < LARGEST => return Head::Partial,
        // The parser is actix-http's own, and will say the same there.
        Ok(Status::Partial) | Err(_) => return Head::Whole(Request::unreadable(bytes.len())),
    };
    let said = Said::by(&request, bytes);
    let is_old_post = request.version == Some(0) && request.method == Some("POST");
    let body = match said.framing {
        Framing::Absent if is_old_post => return Head::LacksLength(first_header(bytes)),
        Framing::Absent => Body::Length(0),
        Framing::By(body) => body,
        Framing::Wrong => return Head::Whole(Request::unreadable(length)),
    };
    // actix-http takes all that comes after a CONNECT for its body.
    let is_last = said.closes || !said.stays || request.method == Some("CONNECT");
    for offer in said.offers {
        bytes[offer].fill(b' ');
    }
    Head::Whole(Request {
        head: length,
        body,
        is_last,
    })
}

fn content_length(value: &[u8]) -> Option<Body> {
    let value = value.trim_ascii();
    let is_number = value.iter().all(u8::is_ascii_digit);
    let digits = str::from_utf8(value).ok().filter(|_| is_number)?;
    digits.parse().ok().map(Body::Length)
}

/// Where a part of these bytes is.
fn range(bytes: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

/// Where the line after the request's first one begins.
fn first_header(bytes: &[u8]) -> usize {
    let is_end = |byte: &u8| *byte == b'\n';
    // A request may begin with empty lines.
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte));
    let start = start.unwrap_or_default();
    let end = bytes[start..].iter().position(is_end);
    end.map_or(start, |end| start + end + 1)
}
