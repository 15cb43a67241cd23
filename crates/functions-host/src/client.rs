//! A bare HTTP/1.1 client: one request, one answer read whole.
//!
//! It adds no header of its own but `Host`, follows no redirect and decodes nothing, because a
//! double that forwards must not improve what it forwards. Connections are pooled and kept alive,
//! as the host's are (protocol: Invocation in payload mode).

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Why there is no answer: refused, reset, or not HTTP.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The URL or a header is none.
    #[error("not a request: {0}")]
    Request(#[from] hyper::http::Error),
    /// Nobody listens, or the connection ended before there was an answer.
    #[error("no answer: {0}")]
    Connection(#[from] hyper_util::client::legacy::Error),
    /// The connection ended within the answer's body.
    #[error("answer cut off: {0}")]
    Body(#[from] hyper::Error),
}

impl SendError {
    /// Nobody listens, as opposed to somebody who misbehaves.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Connection(error) if error.is_connect())
    }
}

/// A request's body and its framing.
pub enum Payload {
    /// None, and no header about it.
    Empty,
    /// With `Content-Length`.
    Sized(Bytes),
    /// With `Transfer-Encoding: chunked`, in two chunks.
    Chunked(Bytes),
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, as they came.
    pub headers: HeaderMap,
    /// Its body, without the framing of chunks.
    pub body: Bytes,
}

impl Answer {
    /// The text of the first header of this name; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// The client. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub struct Client(hyper_util::client::legacy::Client<HttpConnector, BoxBody<Bytes, Infallible>>);

impl Default for Client {
    fn default() -> Self {
        Self(hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Client {
    /// Sends one request to an `http` URL, and reads the answer whole. There is no time limit: callers
    /// have their own.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        payload: Payload,
    ) -> Result<Answer, SendError> {
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .body(payload.into_body())?;
        *request.headers_mut() = headers;
        let (head, body) = self.0.request(request).await?.into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}

impl Payload {
    fn into_body(self) -> BoxBody<Bytes, Infallible> {
        match self {
            Self::Empty => Empty::new().boxed(),
            Self::Sized(bytes) => Full::new(bytes).boxed(),
            Self::Chunked(bytes) => {
                let half = bytes.len() / 2;
                let chunks = [bytes.slice(..half), bytes.slice(half..)];
                let frames = chunks.map(|chunk| Ok::<_, Infallible>(Frame::data(chunk)));
                BodyExt::boxed(StreamBody::new(stream::iter(frames)))
            }
        }
    }
}
