//! A reply that consumes what it carries: the reply first, the deletion after.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

use crate::tasks::{TaskId, Tasks};

/// Handed to the connection in one go. The connection writes what it has taken before it asks for
/// more, but for the 32 KiB of its buffer.
const PIECE_BYTES: usize = 16 * 1024;

/// A body that deletes the task's record once the connection has handed it to the operating system.
/// What the system still holds when a client goes away, nobody can tell.
///
/// When the connection ends before that, the body is dropped and the result stays.
pub(super) struct ConsumingBody {
    rest: Bytes,
    step: Step,
    tasks: Tasks,
    id: TaskId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There are pieces to hand over.
    Sending,
    /// The connection has all of it, and may write it before we hear of that. So from here on other
    /// readers are told that the result is gone.
    Sent,
    /// The connection was told to come back: it writes what it has first, and does not come back if
    /// that fails.
    Written,
    /// The record is being deleted.
    Consumed,
}

impl ConsumingBody {
    pub(super) fn new(body: Bytes, tasks: Tasks, id: TaskId) -> Self {
        Self {
            rest: body,
            step: Step::Sending,
            tasks,
            id,
        }
    }
}

impl MessageBody for ConsumingBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match self.step {
            Step::Sending => {
                let length = self.rest.len().min(PIECE_BYTES);
                let piece = self.rest.split_to(length);
                if self.rest.is_empty() {
                    self.tasks.consume(self.id);
                    self.step = Step::Sent;
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Step::Sent => {
                self.step = Step::Written;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Written => {
                self.step = Step::Consumed;
                let (tasks, id) = (self.tasks.clone(), self.id);
                actix_web::rt::spawn(async move { tasks.delete_consumed(id).await });
                Poll::Ready(None)
            }
            Step::Consumed => Poll::Ready(None),
        }
    }
}

impl Drop for ConsumingBody {
    fn drop(&mut self) {
        if matches!(self.step, Step::Sent | Step::Written) {
            self.tasks.keep(self.id);
        }
    }
}
