//! A reply that consumes what it carries: the reply first, the deletion after.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use tokio::sync::oneshot;

use engine::{TaskId, Tasks};

/// Handed to the connection in one go. The connection writes what it has taken before it asks for
/// more, but for the 32 KiB of its buffer.
const PIECE_BYTES: usize = 16 * 1024;

/// A body that deletes the task's record once the connection has handed it to the operating system.
/// What the system still holds when a client goes away, nobody can tell.
///
/// When the connection ends before that, the body is dropped and the result stays.
pub(in crate::api) struct ConsumingBody {
    rest: Bytes,
    step: Step,
    tasks: Tasks,
    id: TaskId,
}

#[derive(Debug)]
enum Step {
    /// There are pieces to hand over.
    Sending,
    /// The connection has all of it, and may write it before we hear of that. So from here on other
    /// readers are told that the result is gone.
    Sent,
    /// The connection was told to come back: it writes what it has first, and does not come back if
    /// that fails.
    Written,
    /// The record is to be deleted. The reply ends, and the connection's next request begins, when
    /// that may begin: a client that only fetches does not outrun storage.
    Consumed(oneshot::Receiver<()>),
    /// There is nothing left to do.
    Ended,
}

impl ConsumingBody {
    pub(in crate::api) fn new(body: Bytes, tasks: Tasks, id: TaskId) -> Self {
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
                let (begins, begun) = oneshot::channel();
                let (tasks, id) = (self.tasks.clone(), self.id);
                actix_web::rt::spawn(async move {
                    let permit = tasks.deletion_permit().await;
                    let _ = begins.send(());
                    tasks.delete_consumed(id, permit).await;
                });
                self.step = Step::Consumed(begun);
                self.poll_next(context)
            }
            Step::Consumed(ref mut begun) => {
                let _ = ready!(Pin::new(begun).poll(context));
                self.step = Step::Ended;
                Poll::Ready(None)
            }
            Step::Ended => Poll::Ready(None),
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::poll;
    use tokio::task::yield_now;

    use super::*;
    use backends::embedded::Embedded;
    use backends::{Counts, SystemClock};
    use engine::limits::MAX_DELETIONS;
    use engine::{EarlyStart, Engine, Ports, Settings};
    use ports::QueueName;
    use work::Kinds;

    #[actix_web::test]
    async fn a_reply_ends_when_its_deletion_may_begin() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
        let ports = Ports {
            store: embedded.tasks(),
            tallies: embedded.tallies(),
            queue: QueueName::try_from("tasks").unwrap(),
            queues: Arc::new(embedded),
            files: None,
            storage_calls: Arc::new(Counts::default()),
        };
        let settings = Settings {
            callbacks: None,
            rules: None,
            concurrency: 1,
            waiting: 1,
            max_result_bytes: 1,
            max_queue_length: None,
            has_other_workers: false,
            early_start: EarlyStart::Off,
            retention: Duration::MAX,
        };
        let tasks = Engine::new(ports, Kinds::default(), clock, settings).tasks;
        let mut permits = Vec::new();
        for _ in 0..MAX_DELETIONS {
            permits.push(tasks.deletion_permit().await);
        }

        let id = tasks.new_id();
        let body = ConsumingBody::new(Bytes::from_static(b"1"), tasks, id);
        let mut body = pin!(body);
        let mut next = pin!(poll_fn(|context| body.as_mut().poll_next(context)));
        let piece = next.as_mut().await;
        assert_eq!(piece.unwrap().unwrap(), "1");
        for _ in 0..10 {
            assert!(poll!(next.as_mut()).is_pending());
            yield_now().await;
        }
        permits.pop();
        assert!(next.await.is_none());
    }
}
