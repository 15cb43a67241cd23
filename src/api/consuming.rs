//! A reply that consumes what it carries: the reply first, the deletion after.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

use crate::tasks::{TaskId, Tasks};

/// Handed to the connection in one go; below actix's write buffer limit, so that all but the last
/// piece of a long reply have been written when the last one is asked for.
const PIECE_BYTES: usize = 32 * 1024;

/// A body that deletes the task's record once the connection has taken all of it.
///
/// When the client goes away before that, the body is dropped and the result stays.
pub(super) struct ConsumingBody {
    rest: Bytes,
    task: Option<(Tasks, TaskId)>,
}

impl ConsumingBody {
    pub(super) fn new(body: Bytes, tasks: Tasks, id: TaskId) -> Self {
        Self {
            rest: body,
            task: Some((tasks, id)),
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
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if !self.rest.is_empty() {
            let piece = self.rest.len().min(PIECE_BYTES);
            return Poll::Ready(Some(Ok(self.rest.split_to(piece))));
        }
        if let Some((tasks, id)) = self.task.take() {
            // From here on nobody reads it any more in this process. The connection writes what it
            // has taken before the deletion gets its turn on this thread.
            tasks.consume(id);
            actix_web::rt::spawn(async move { tasks.delete_consumed(id).await });
        }
        Poll::Ready(None)
    }
}
