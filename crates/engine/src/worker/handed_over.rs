//! Attempts that somebody else goes on with. The record shows the task as running and says up to when; a
//! message hidden until then makes a failure of the attempt that nobody has reported the end of. So what
//! waits is a record and a message, and nothing in any process.

use std::borrow::Cow;
use std::time::Duration;

use crate::model::count::Count;
use crate::model::message::TaskMessage;
use crate::model::task::{HandedOver, TaskState};
use crate::records::{Commit, RecordError, Versioned};
use crate::worker::again::{Step, ask_the_record};
use crate::worker::outcome::Outcome;
use crate::worker::parts::Worker;
use crate::worker::told::Ended;
use ports::Timestamp;
use work::ErrorCode;

const NOT_CALLED_BACK: ErrorCode = ErrorCode::literal("NotCalledBack");

impl Worker {
    /// Leaves the attempt to somebody else for so long.
    pub(super) async fn hand_over(
        &self,
        task: &mut Versioned,
        percent: Option<u8>,
        left: Duration,
        spent: u32,
    ) -> Result<Outcome, RecordError> {
        let handed = HandedOver {
            attempt: task.record.attempts,
            spent,
            until: self.clock.now() + left,
        };
        task.record.state = TaskState::Running {
            percent,
            handed_over: Some(handed),
        };
        let queue = self.queues.of(&task.record.kind);
        match self.records.commit(task).await? {
            Commit::Written => queue.backlog.put_off(handed.until),
            // Reported before the attempt was handed over, or canceled.
            Commit::Lost => {
                self.lost(&task.record).await?;
                return Ok(Outcome::Done);
            }
            Commit::OtherWork => return Ok(ask_the_record(task)),
        }
        let (id, left_ms) = (task.record.id, left.as_millis());
        log::info!("task.id" = id, "task.kind" = task.record.kind, attempt = handed.attempt, "trace.id" = task.record.trace_id(), left_ms; "attempt handed over");
        Ok(self.at_the_deadline(task, handed, left))
    }

    /// What the record says of an attempt that was handed over, before another begins: `Ok` with the one
    /// whose time is over, or with none; `Err` when there is nothing to do now. `marked` is the attempt
    /// that the message was sent for, if it was for a deadline.
    pub(super) fn still_handed_over(
        &self,
        task: &Versioned,
        marked: Option<u32>,
        inserted_at: Option<Timestamp>,
    ) -> Result<Option<HandedOver>, Outcome> {
        let handed = task.record.handed_over();
        let is_meant = |handed: &HandedOver| {
            handed.attempt == task.record.attempts
                && marked.is_none_or(|marked| marked == handed.attempt)
        };
        match handed.filter(is_meant) {
            Some(handed) => match self.is_early(Some(handed.until), inserted_at) {
                Some(left) => Err(self.at_the_deadline(task, handed, left)),
                None => Ok(Some(handed)),
            },
            // Reported by now: whatever follows the attempt has a message of its own.
            None if marked.is_some() => Err(Outcome::Done),
            None => Ok(None),
        }
    }

    /// What follows when nobody has reported the end of an attempt.
    pub(super) fn overdue(&self, kind: &str, count: Count) -> Step {
        let ended = Ended::Failed {
            code: NOT_CALLED_BACK,
            message: "nobody reported the end of the attempt in time".to_owned(),
            may_pass: true,
        };
        self.step(kind, ended, count)
    }

    /// The message for the deadline of an attempt, hidden until then.
    fn at_the_deadline(&self, task: &Versioned, handed: HandedOver, left: Duration) -> Outcome {
        let message = TaskMessage {
            etag: task.etag.as_ref().map(Cow::Borrowed),
            count: handed.count(),
            retries: task.record.retries,
            due_at: Some(handed.until),
            handed_over: Some(handed.attempt),
            ..TaskMessage::naming(task.record.id)
        };
        Outcome::Again {
            message: Some(message.to_text()),
            queue: Some(self.queues.of(&task.record.kind).name.clone()),
            after: left,
            reason: "the attempt was handed over".to_owned(),
        }
    }
}
