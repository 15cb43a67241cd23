//! What a connection and the one request on it know of each other.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use tokio::time::Instant;

use crate::api::Api;

/// How far a connection is with its request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is none, or the reply to it has been given to the operating system in full.
    Idle,
    /// It was handed over, and may be refused without anybody here hearing of it.
    Asked,
    /// It is being worked on, which takes as long as it takes.
    Working,
    /// Its reply is being sent.
    Replying,
    /// The dispatcher has its reply in full, and writes it.
    Replied,
}

/// What a connection and the request on it know of each other.
pub(in super::super) struct Activity {
    phase: Cell<Phase>,
    /// When the phase changed, or something was written.
    last: Cell<Instant>,
    /// Whether the head of a reply is the next thing to be written.
    head_is_due: Cell<bool>,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            phase: Cell::new(Phase::Idle),
            last: Cell::new(Instant::now()),
            // To a request that does not come, too, there is an answer.
            head_is_due: Cell::new(true),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase.get() == Phase::Idle
    }

    /// A request begins.
    pub(super) fn ask(&self) {
        self.set(Phase::Asked);
        self.head_is_due.set(true);
    }

    pub(super) fn head_is_due(&self) -> bool {
        self.head_is_due.get()
    }

    /// The operating system took something of what is sent.
    pub(super) fn wrote(&self, head: bool) {
        self.last.set(Instant::now());
        if head {
            self.head_is_due.set(false);
        }
    }

    /// The operating system has taken all there was to send. Says whether this is the end of a reply.
    pub(super) fn flushed(&self) -> bool {
        let ends = self.phase.get() == Phase::Replied;
        if ends {
            self.set(Phase::Idle);
        }
        ends
    }

    #[cfg(test)]
    pub(super) fn answered(&self) {
        self.phase.set(Phase::Idle);
    }

    /// When nothing was done for the client since; now, while its request is being worked on.
    pub(super) fn idle_since(&self) -> Instant {
        match self.phase.get() {
            Phase::Working => Instant::now(),
            _ => self.last.get(),
        }
    }

    fn set(&self, phase: Phase) {
        self.phase.set(phase);
        self.last.set(Instant::now());
    }
}

/// A request on its way to a reply, until the dispatcher has all of that.
struct Answering(Rc<Activity>);

impl Answering {
    fn on(activity: &Rc<Activity>) -> Self {
        activity.set(Phase::Working);
        Self(Rc::clone(activity))
    }

    fn has_a_reply(&self) {
        self.0.set(Phase::Replying);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.set(Phase::Replied);
    }
}

/// The middleware that tells a connection how far its request is, and has names of headers written as
/// they are documented, but for those of [`names`](super::names). When the process is stopping, it tells
/// the client that there are no more: the next request may find another process.
pub(in super::super) async fn watch(
    request: ServiceRequest,
    next: Next<impl MessageBody + Unpin>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let answering = request.conn_data::<Rc<Activity>>().map(Answering::on);
    let mut response = next.call(request).await?;
    if let Some(answering) = &answering {
        answering.has_a_reply();
    }
    let api = response.request().app_data::<Api>();
    let is_stopping = api.is_some_and(|api| api.tasks.is_stopping());
    let head = response.response_mut().head_mut();
    head.set_camel_case_headers(true);
    if is_stopping {
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response.map_body(|_, body| Answer {
        body,
        _answering: answering,
    }))
}

/// The body of a reply. The dispatcher drops it when it has all of it, also where it is empty or, to
/// `HEAD`, not sent.
struct Answer<B> {
    body: B,
    _answering: Option<Answering>,
}

impl<B: MessageBody + Unpin> MessageBody for Answer<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
