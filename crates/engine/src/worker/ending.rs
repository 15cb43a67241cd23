//! The end of a task by an attempt, and what becomes of its message when its record lets none end it.

use log::Level;

use crate::limits::{NEWER_DELAY, OUTAGE_DELAY};
use crate::local::metrics::Took;
use crate::model::task::{TaskRecord, TaskState};
use crate::records::{Commit, RecordError, Versioned};
use crate::worker::again::error_fields;
use crate::worker::{Delivery, Outcome, Worker};

impl Worker {
    /// Ends the task, unless somebody did before, or its record is of other work. `took` is how long
    /// its last attempt did, if there was one.
    pub(crate) async fn end(
        &self,
        task: &mut Versioned,
        state: TaskState,
        took: Option<Took>,
    ) -> Result<Commit, RecordError> {
        task.record.state = state;
        let commit = self.records.commit(task).await?;
        let TaskRecord {
            id,
            ref kind,
            attempts,
            ..
        } = task.record;
        let Took { wait, work } = took.unwrap_or_default();
        let (wait_ms, duration_ms) = (wait.as_millis(), work.as_millis());
        match commit {
            Commit::Lost => {
                log::info!("task.id" = id, attempt = attempts, wait_ms, duration_ms, "trace.id" = task.record.trace_id(); "task was ended before, this attempt counts for nothing");
            }
            Commit::OtherWork => {
                log::warn!("task.id" = id, "task.kind" = kind; "message told of other work than the task's record, which counts");
            }
            Commit::Written => {
                // Those who wait for the task have no use for it, and it may be megabytes.
                task.record.input = None;
                self.endings.ended(&task.record, took);
                let (level, (code, message)) = match &task.record.state {
                    TaskState::Failed { error } => (Level::Warn, error_fields(error)),
                    _ => (Level::Info, ("", "")),
                };
                log::log!(
                    level,
                    "task.id" = id, "task.kind" = kind, attempt = attempts, wait_ms, duration_ms, "trace.id" = task.record.trace_id(),
                    "error.code" = code, "error.message" = message;
                    "task {}", task.record.status().as_str()
                );
            }
        }
        Ok(commit)
    }
}

/// What becomes of the message of an attempt that a record has broken off.
pub(crate) fn broken_off(error: &RecordError, delivery: &Delivery) -> Outcome {
    let reason = error.to_string();
    let after = match error {
        // Not the task's fault: the same message again, later, without a count. If the queue is away
        // as well, this one comes back by itself, and counts.
        RecordError::Storage(_) => OUTAGE_DELAY,
        // Nor is this: a process of that version understands it.
        RecordError::Unreadable(record) if record.is_newer() => NEWER_DELAY,
        RecordError::Unreadable(_) => return Outcome::Poison { reason },
    };
    Outcome::Again {
        message: delivery.text.clone(),
        after,
        reason,
    }
}
