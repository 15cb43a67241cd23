//! One connection to a server, kept alive: the cheapest client that is still a library's.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};

/// What may go wrong on the way.
pub(crate) type HttpError = Box<dyn std::error::Error>;

/// A server: where it listens and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    address: SocketAddr,
    authority: String,
}

impl Origin {
    /// Looks up a URL such as `http://localhost:7071`.
    pub(crate) async fn resolve(url: &str) -> Result<Self, HttpError> {
        let uri: Uri = url.parse()?;
        let (Some("http"), Some(authority), "/") = (uri.scheme_str(), uri.authority(), uri.path())
        else {
            return Err(format!("{url} is not a URL such as http://localhost:7071").into());
        };
        // An IPv6 address is in brackets there, which a look-up does not know.
        let host = authority.host().trim_matches(['[', ']']);
        let port = authority.port_u16().unwrap_or(80);
        let address = lookup_host((host, port)).await?.next();
        Ok(Self {
            address: address.ok_or_else(|| format!("{host} has no address"))?,
            authority: authority.to_string(),
        })
    }
}

impl From<SocketAddr> for Origin {
    fn from(address: SocketAddr) -> Self {
        Self {
            address,
            authority: address.to_string(),
        }
    }
}

/// A connection, opened when it is first needed and again when it was lost.
pub(crate) struct Connection {
    origin: Origin,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Connection {
    pub(crate) fn to(origin: Origin) -> Self {
        Self { origin, open: None }
    }

    pub(crate) async fn get(
        &mut self,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Result<Answer, HttpError> {
        self.send(Method::GET, path, headers, Bytes::new()).await
    }

    /// Posts JSON.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, HttpError> {
        self.send(Method::POST, path, headers, body.into()).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Answer, HttpError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.origin.authority);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::new(body))?;
        let mut sender = match self.open.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.connect().await?,
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        self.open = Some(sender);
        Ok(Answer { status, body })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, HttpError> {
        let stream = TcpStream::connect(self.origin.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::task::spawn_local(connection);
        Ok(sender)
    }
}
