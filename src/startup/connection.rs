//! A client's connection, as actix-http is given it: its requests come one at a time, and it is closed
//! when its client keeps us waiting between two of them.
//!
//! actix-http times the head of a connection's first request only, and the pause before the others anew
//! with each of their bytes. A client that sends one now and then, or breaks off a chunked body after the
//! reply to it, would keep its connection for ever.

mod activity;
mod body;
mod gate;
mod head;
mod names;

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use self::activity::Activity;
pub(super) use self::activity::watch;
use self::gate::Gate;
use self::names::{Corrected, interim};

/// A connection; reading from it fails when its client has been idle for too long.
pub(super) struct Connection {
    stream: TcpStream,
    activity: Rc<Activity>,
    gate: Gate,
    limit: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, limit: Duration) -> Self {
        let activity = Rc::new(Activity::new());
        Self {
            stream,
            gate: Gate::new(Rc::clone(&activity)),
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
            let end = self.activity.idle_since() + self.limit;
            if end <= Instant::now() {
                return true;
            }
            self.timer.as_mut().reset(end);
        }
        false
    }

    /// Reads what may pass now, as far as it is there. Nothing, at the end of the stream, and after the
    /// last request: that end is looked for also while nothing may pass.
    fn poll_pass(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let start = buffer.filled().len();
        loop {
            self.gate.release(buffer);
            if buffer.filled().len() > start || self.gate.is_over() {
                return Poll::Ready(Ok(()));
            }
            if self.gate.is_full() {
                return Poll::Pending;
            }
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            if buffer.filled().len() == start {
                return Poll::Ready(Ok(()));
            }
            self.gate.sift(buffer, start);
            if buffer.filled().len() > start {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = this.poll_pass(context, buffer);
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
        let stream = Pin::new(&mut this.stream);
        let (written, before_head) = match this.activity.head_is_due() {
            true => {
                let corrected = Corrected::of(bytes);
                let written = stream.poll_write_vectored(context, corrected.pieces());
                (written, interim(bytes))
            }
            false => (stream.poll_write(context, bytes), 0),
        };
        if let Poll::Ready(Ok(length @ 1..)) = written {
            this.activity.wrote(length > before_head);
        }
        written
    }

    /// All of a reply has been written once there is nothing to flush: then the next request may pass.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(context))?;
        if this.activity.flushed() && this.gate.holds_something() {
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
