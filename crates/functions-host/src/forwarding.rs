//! What the handler gets of a caller's request, which depends on the host's age.
//!
//! Protocol: What the handler sees; Proxying. Left out: streaming while the caller still sends, redirects
//! and cookies, `DISGUISED-HOST`.

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use uuid::Uuid;

use super::client::Payload;
use super::invoke::user_agent;
use super::query::rebuild;

/// Which host it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostVersion {
    /// 4.1037, which takes a request apart and makes it anew. It knows of no proxying.
    Rebuilding,
    /// A newer one, which passes a request on as a reverse proxy does (YARP), where `host.json` says so.
    Proxying,
}

impl HostVersion {
    /// Both, for tests of what must hold under either.
    pub const ALL: [Self; 2] = [Self::Rebuilding, Self::Proxying];

    /// Only its presence is certain.
    pub(super) fn number(self) -> &'static str {
        match self {
            Self::Rebuilding => "4.1037.0.0",
            Self::Proxying => "4.1052.200.26400",
        }
    }

    /// What is sent to the handler in place of a request; the error is why nothing is.
    pub(super) fn forward(self, request: &HttpRequest, body: Bytes) -> Result<Forwarded, String> {
        let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
        let path = request.uri().path();
        match self {
            Self::Rebuilding if is_chunked => Err(
                "'Transfer-Encoding: chunked' header can not be used when content object is not specified"
                    .to_owned(),
            ),
            Self::Rebuilding => Ok(Forwarded {
                target: format!("{}{}", before_mark(path), rebuild(request.query_string())),
                headers: rebuilt_headers(request, self, body.is_empty()),
                payload: match body.is_empty() {
                    true => Payload::Empty,
                    false => Payload::Sized(body),
                },
            }),
            Self::Proxying => Ok(Forwarded {
                target: match request.query_string() {
                    "" => slashes_escaped(path),
                    query => format!("{}?{query}", slashes_escaped(path)),
                },
                headers: proxied_headers(request),
                payload: match request.headers().contains_key(CONTENT_LENGTH) {
                    true => Payload::Sized(body),
                    false if is_chunked => Payload::Chunked(body),
                    false => Payload::Empty,
                },
            }),
        }
    }
}

/// A request to the handler. The headers of the invocation are added to it.
pub(super) struct Forwarded {
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
}

/// A path up to an encoded `?` or `#`: they are decoded on the way, and the rest is gone.
fn before_mark(path: &str) -> &str {
    let lower = path.to_ascii_lowercase();
    let marks = ["%3f", "%23"].iter().filter_map(|mark| lower.find(mark));
    &path[..marks.min().unwrap_or(path.len())]
}

/// An encoded `/` is encoded once more.
fn slashes_escaped(path: &str) -> String {
    path.replace("%2F", "%252F").replace("%2f", "%252f")
}

/// All of the caller's headers, `Host` included, but for the framing, which is the forwarding client's
/// own, and a `Content-Type` without a body. The host puts its name behind the caller's.
fn rebuilt_headers(request: &HttpRequest, version: HostVersion, is_empty: bool) -> HeaderMap {
    let mut headers = callers_headers(request);
    if is_empty {
        headers.remove(CONTENT_TYPE);
    }
    let agent = match headers.get(USER_AGENT).map(HeaderValue::to_str) {
        Some(Ok(callers)) => format!("{callers} {}", user_agent(version)),
        _ => user_agent(version),
    };
    headers.insert(USER_AGENT, value(&agent));
    headers
}

/// The caller's headers, but for those of the connection. `Host` is the handler's, and what the caller
/// used is told in `X-Forwarded-…`, set anew.
fn proxied_headers(request: &HttpRequest) -> HeaderMap {
    let mut headers = callers_headers(request);
    headers.remove(CONNECTION);
    // What has a type is a body, if an empty one.
    if headers.contains_key(CONTENT_TYPE) && !request.headers().contains_key(TRANSFER_ENCODING) {
        let length = request.headers().get(CONTENT_LENGTH);
        let length = length.map_or(&b"0"[..], |length| length.as_bytes());
        let length = HeaderValue::from_bytes(length).expect("a header that was received");
        headers.insert("content-length", length);
    }
    let host = headers.remove(HOST);
    let caller = request.peer_addr().map(|address| address.ip().to_string());
    let forwarded = [
        ("x-forwarded-for", caller.as_deref().map(value)),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", Some(value("http"))),
    ];
    for (name, value) in forwarded {
        headers.remove(name);
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    let trace = format!("00-{}-00f067aa0ba902b7-00", Uuid::now_v7().simple());
    let traced = headers.entry("traceparent");
    traced.or_insert_with(|| value(&trace));
    headers
}

/// Each header once, its values joined by a comma, and none of the framing.
fn callers_headers(request: &HttpRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in request.headers().keys() {
        if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
            continue;
        }
        let values: Vec<_> = request
            .headers()
            .get_all(name)
            .map(|value| value.as_bytes())
            .collect();
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(&values.join(&b", "[..]));
        headers.insert(
            name.expect("a header that was received"),
            value.expect("a header that was received"),
        );
    }
    headers
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("visible ASCII")
}
