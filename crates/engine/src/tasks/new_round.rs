//! A new round for a task that has ended: its record is queued once more, with a message that allows a full
//! round of attempts, counted on from those it has had.

use std::time::Duration;

use crate::local::early::Leave;
use crate::model::count::Count;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskRecord, TaskState};
use crate::records::{Followed, NextMessage, Then, Versioned};
use crate::tasks::service::Tasks;
use ports::crash::CrashPoint;
use ports::{ETag, StorageError};

/// A record that is queued once more.
pub(super) struct NewRound {
    /// Leave to begin here, if this process has a slot.
    pub(super) leave: Option<Box<Leave>>,
    /// What became of the message.
    pub(super) followed: Followed,
}

impl Tasks {
    /// Queues a task once more as its record stands, whatever its state; `None` when somebody has changed the
    /// stored one meanwhile.
    pub(super) async fn queue_again(
        &self,
        task: &mut Versioned,
    ) -> Result<Option<NewRound>, StorageError> {
        task.record.state = TaskState::queued();
        task.record.retries += 1;
        let queue = self.parts.queues.of(&task.record.kind);
        let early = &self.parts.early;
        let leave = early.leave(&task.record, Duration::ZERO, &queue.is_behind);
        let then = Then {
            send: Some(NextMessage {
                queue: &queue.name,
                tell: &tell,
                delay: leave.as_deref().map_or(Duration::ZERO, Leave::hide),
                held: leave.as_deref().map(Leave::begun),
                unsent: Some(CrashPoint::AfterRetry),
            }),
            ..Then::default()
        };
        let followed = self.parts.records.replace_then(task, then).await?;
        Ok(followed.map(|followed| NewRound { leave, followed }))
    }
}

fn tell(record: &TaskRecord, etag: Option<&ETag>, begun: u32) -> String {
    let message = TaskMessage {
        count: Count::new_round(record.attempts).delivered(begun),
        ..TaskMessage::of(record, etag)
    };
    message.to_text()
}
