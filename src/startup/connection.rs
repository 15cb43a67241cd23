//! A client's connection, closed when its client keeps us waiting between two requests.
//!
//! actix-http times the head of a connection's first request only, and the pause between requests
//! until the next one's first byte. A client that sends that byte and no more, or breaks off a
//! chunked body after the reply to it, would keep its connection for ever.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::api::Api;

/// What a connection and the requests on it know of each other.
pub(super) struct Activity {
    /// Requests that are being worked on: they take as long as they take.
    requests: Cell<usize>,
    /// When one of them ended, or something was written.
    last: Cell<Instant>,
}

/// A request that is being worked on.
struct Working(Rc<Activity>);

impl Working {
    fn on(activity: &Rc<Activity>) -> Self {
        activity.requests.set(activity.requests.get() + 1);
        Self(Rc::clone(activity))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.requests.set(self.0.requests.get() - 1);
        self.0.last.set(Instant::now());
    }
}

/// The middleware that tells a connection of the requests on it, and its client that there are no more
/// when the process is stopping: the next one may find another process.
pub(super) async fn watch(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let _working = request.conn_data::<Rc<Activity>>().map(Working::on);
    let mut response = next.call(request).await?;
    let api = response.request().app_data::<Api>();
    if api.is_some_and(|api| api.tasks.is_stopping()) {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// A connection; reading from it fails when its client has been idle for too long.
pub(super) struct Connection {
    stream: TcpStream,
    activity: Rc<Activity>,
    limit: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, limit: Duration) -> Self {
        let activity = Rc::new(Activity {
            requests: Cell::new(0),
            last: Cell::new(Instant::now()),
        });
        Self {
            stream,
            activity,
            limit,
            timer: Box::pin(sleep(limit)),
        }
    }

    pub(super) fn activity(&self) -> Rc<Activity> {
        Rc::clone(&self.activity)
    }

    /// The timer is not moved with each request: it looks when it rings.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            let end = match self.activity.requests.get() {
                0 => self.activity.last.get() + self.limit,
                _ => now + self.limit,
            };
            if end <= now {
                return true;
            }
            self.timer.as_mut().reset(end);
        }
        false
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_pending() && this.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        if matches!(written, Poll::Ready(Ok(1..))) {
            this.activity.last.set(Instant::now());
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
