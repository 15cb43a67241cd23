use actix_http::ServiceConfig;
use actix_http::h1::{Codec, Message, MessageType};
use actix_web::rt::Runtime;
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio_util::codec::Decoder;

use super::*;

/// A connection whose other end sends what a test says.
struct Client {
    gate: Gate,
    /// What passed, request by request; the last one may not be complete.
    passed: Vec<Vec<u8>>,
}

impl Client {
    fn new() -> Self {
        Self {
            gate: Gate::new(Rc::new(Activity::new())),
            passed: Vec::new(),
        }
    }

    /// Sends this, if the gate reads at all.
    fn send(&mut self, bytes: &[u8]) {
        // As much as actix-http has room for.
        for piece in bytes.chunks(1024) {
            self.release();
            if !self.gate.is_full() {
                self.read(|gate, buffer| {
                    buffer.put_slice(piece);
                    gate.sift(buffer, 0);
                });
                self.release();
            }
        }
    }

    /// The reply to the request that passed last goes out.
    fn answer(&mut self) {
        self.gate.activity.answered();
        self.release();
    }

    fn release(&mut self) {
        while self.read(Gate::release) > 0 {}
    }

    fn read(&mut self, read: impl FnOnce(&mut Gate, &mut ReadBuf<'_>)) -> usize {
        let mut space = [0; 1024];
        let mut buffer = ReadBuf::new(&mut space);
        let begins = matches!(self.gate.part, Part::Next | Part::Passed);
        read(&mut self.gate, &mut buffer);
        let passed = buffer.filled();
        if begins && !passed.is_empty() {
            self.passed.push(Vec::new());
        }
        if let Some(last) = self.passed.last_mut() {
            last.extend_from_slice(passed);
        }
        passed.len()
    }
}

/// What passes of these bytes, request by request, when each is answered before the next byte comes.
fn passed(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let mut client = Client::new();
    for byte in bytes.as_ref() {
        client.send(&[*byte]);
        client.answer();
    }
    let passed = client.passed.into_iter();
    passed
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

/// What actix-http makes of the bytes of one request.
#[derive(Debug, PartialEq)]
enum Read {
    /// There is more to come.
    Beginning,
    /// It is one request, and nothing else.
    One,
    Refused,
    /// There is something behind it.
    More,
    /// All that ever comes is its body.
    Tunnel,
}

thread_local! {
    static CONFIG: ServiceConfig = {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async { ServiceConfig::default() })
    };
}

fn read_by_actix(bytes: &[u8]) -> Read {
    let mut codec = Codec::new(CONFIG.with(ServiceConfig::clone));
    let mut bytes = BytesMut::from(bytes);
    let mut has_ended = false;
    loop {
        match codec.decode(&mut bytes) {
            Err(_) => return Read::Refused,
            Ok(None) if has_ended && bytes.is_empty() => return Read::One,
            Ok(None) if has_ended => return Read::More,
            Ok(None) => return Read::Beginning,
            Ok(Some(_)) if has_ended => return Read::More,
            Ok(Some(Message::Item(_))) => match codec.message_type() {
                MessageType::None => has_ended = true,
                MessageType::Payload => {}
                MessageType::Stream => return Read::Tunnel,
            },
            Ok(Some(Message::Chunk(Some(_)))) => {}
            Ok(Some(Message::Chunk(None))) => has_ended = true,
        }
    }
}

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn a_request_waits_for_the_reply_to_the_one_before_it() {
    let mut client = Client::new();
    let requests = [
        "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        "HEAD /2 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        NEXT,
    ];
    client.send(requests.concat().as_bytes());
    for count in 1..=requests.len() {
        assert_eq!(client.passed.len(), count);
        client.send(b"");
        assert_eq!(client.passed[count - 1], requests[count - 1].as_bytes());
        client.answer();
    }
}

#[test]
fn an_offer_of_another_protocol_is_taken_out() {
    for (offered, passes) in [
        (
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
            "Connection:        , HTTP2-Settings\r\nUpgrade:    \r\nHTTP2-Settings: AAMAAABk\r\n",
        ),
        (
            "connection:keep-alive,upgrade\r\nupgrade:websocket\r\n",
            "connection:keep-alive,       \r\nupgrade:         \r\n",
        ),
        ("Connection: upgraded\r\n", "Connection: upgraded\r\n"),
    ] {
        let request = |headers: &str| {
            format!("POST / HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 1\r\n\r\na")
        };
        assert_eq!(
            passed(request(offered) + NEXT),
            [&*request(passes), NEXT],
            "{offered}"
        );
    }
}

#[test]
fn an_old_request_without_a_length_has_no_body() {
    let headers = "Connection: keep-alive\r\n\r\n";
    assert_eq!(
        passed(format!("\r\nPOST / HTTP/1.0\r\n{headers}{NEXT}")),
        [
            &*format!("\r\nPOST / HTTP/1.0\r\nContent-Length: 0\r\n{headers}"),
            NEXT
        ]
    );
}

#[test]
fn nothing_follows_the_last_request() {
    for last in [
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut client = Client::new();
        client.send(format!("{last}{NEXT}").as_bytes());
        assert_eq!(client.passed, [last.as_bytes()]);
        assert!(!client.gate.is_over());
        client.answer();
        assert_eq!(client.passed, [last.as_bytes()]);
        assert!(client.gate.is_over());
    }
}

#[test]
fn nothing_follows_what_is_refused() {
    for refused in [
        "\0",
        "PRI * HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
    ] {
        let mut client = Client::new();
        client.send(format!("{refused}{NEXT}").as_bytes());
        client.answer();
        let [passed] = &client.passed[..] else {
            panic!("{refused}: {:?}", client.passed);
        };
        assert_eq!(read_by_actix(passed), Read::Refused, "{refused}");
        assert!(client.gate.is_over(), "{refused}");
    }
}

#[test]
fn what_waits_is_bounded() {
    let mut client = Client::new();
    client.send(NEXT.as_bytes());
    for _ in 0..100 {
        client.send(&[b'a'; 1024]);
    }
    assert_eq!(client.gate.held.len(), MOST_HELD);
    let mut client = Client::new();
    client.send(b"GET /");
    client.send(&[b'a'; 1024 * 1024]);
    assert!(client.gate.held.len() < 2 * MOST_HELD);
    assert!(client.passed[0].len() >= 128 * 1024);
    assert_eq!(read_by_actix(&client.passed[0]), Read::Refused);
}

#[test]
fn hostile_bytes_pass_as_requests_or_are_refused() {
    corpus::each(|bytes| {
        let mut client = Client::new();
        for _ in 0..3 {
            client.send(bytes);
            client.answer();
        }
    });
}

/// Requests as they should not be, and as they should.
fn request() -> impl Strategy<Value = String> {
    let line = (
        select(vec![
            "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "post",
        ]),
        select(vec!["1.1", "1.1", "1.0"]),
    );
    let header = select(vec![
        "A: b",
        "A:",
        " folded",
        "A : b",
        "Host: y",
        "Content-Length: 5",
        "content-length:\t5 ",
        "Content-Length: 0",
        "Content-Length: 0005",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 5, 5",
        "Content-Length: 5 5",
        "Content-Length: 99999999999999999999",
        "Content-Length : 5",
        "Transfer-Encoding: chunked",
        "transfer-encoding:\tCHUNKED ",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked;a=b",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding:",
        "Upgrade: websocket",
        "Upgrade: h2c",
        "Connection: Upgrade, HTTP2-Settings",
        "Connection: close",
        "Connection: keep-alive",
        "Expect: 100-continue",
    ]);
    let body = select(vec![
        "",
        "",
        "hello",
        "5\r\nhello\r\n",
        "5;a=\"b;\";c\r\nhello\r\n",
        "005 \t\r\nhello\r\n",
        "5\nhello\n",
        "5\rhello\r\n",
        "5\r\nhello",
        "5;\0\r\nhello\r\n",
        "g\r\n",
        "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        "10000000000000000\r\n",
        "FFFFFFFFFFFFFFFF\r\n",
        "0\r\n\r\n",
        "0;a\r\nA: b\r\nC\r\n\r\n",
        "0\r\nA: b\n\n",
        "0\r\n\rA",
        "\r\n",
        "\n",
    ]);
    let end = select(vec!["\r\n", "\r\n", "\r\n", "\n"]);
    (line, vec(header, 0..4), vec(body, 0..4), end, any::<bool>()).prop_map(
        |((method, version), headers, body, end, has_host)| {
            let mut lines = vec![format!("{method} / HTTP/{version}")];
            if has_host || version == "1.1" {
                lines.push("Host: x".to_owned());
            }
            lines.extend(headers.into_iter().map(str::to_owned));
            lines.join(end) + end + end + &body.concat()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_request_ends_where_actix_http_says(request in request(), cut in any::<prop::sample::Index>()) {
        // All of it, and a part: what has not come must not be taken for the end.
        let bytes = format!("{request}{NEXT}").into_bytes();
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            let mut client = Client::new();
            client.send(bytes);
            let Some(passed) = client.passed.first() else {
                prop_assert_eq!(read_by_actix(bytes), Read::Beginning);
                continue;
            };
            let agrees = match (read_by_actix(passed), &client.gate.part) {
                // Of what it refuses, and closes the connection for, only a part is known here.
                (Read::Refused, _) => true,
                (Read::Beginning, Part::Rest(_)) | (Read::One, Part::Passed) => true,
                (Read::One | Read::Tunnel, Part::Last) => true,
                _ => false,
            };
            prop_assert!(agrees, "{}", String::from_utf8_lossy(passed));
        }
    }

    #[test]
    fn any_conversation_passes_one_at_a_time(
        requests in vec(select(vec![
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "\r\nHEAD /a HTTP/1.1\nHost: x\n\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{\"number\": 24}",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\n{\r\nB\r\n\"number\":1}\r\n0\r\nA: b\r\n\r\n",
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        ]), 1..6),
        pieces in vec((1_usize..120, any::<bool>()), 1..40),
    ) {
        let mut client = Client::new();
        let bytes = requests.concat().into_bytes();
        let mut rest = &bytes[..];
        for (length, answers) in pieces.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(length.min(rest.len()));
            client.send(piece);
            rest = after;
            if answers && matches!(client.gate.part, Part::Passed) {
                client.answer();
            }
        }
        while matches!(client.gate.part, Part::Passed) && client.gate.holds_something() {
            client.answer();
        }
        let requests: Vec<_> = requests.iter().map(|request| request.as_bytes()).collect();
        prop_assert_eq!(client.passed, requests);
    }
}
