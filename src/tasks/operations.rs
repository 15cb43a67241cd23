//! What clients and operators can do to a task after it was submitted: cancel, delete, retry.
//! Each is the same conditional write as every other ending.

use std::time::Duration;

use super::id::TaskId;
use super::message::TaskMessage;
use super::records::{Commit, RecordError, Versioned};
use super::service::Tasks;
use super::task::{TaskState, TaskStatus};
use crate::crash::{CrashPoint, crash_point};

/// How an operation on a task ended.
#[derive(Clone, Debug)]
pub enum Operated {
    /// Done; this is the record now, or was the last one.
    Done(Versioned),
    /// Not possible in the task's status; nothing was changed.
    Conflict(TaskStatus),
    /// There is no such task.
    Unknown,
}

impl Tasks {
    /// Ends a task for its client. A queued one never runs, one that runs is told to stop, and a
    /// result that comes later loses. A task that has ended stays as it is, and is returned.
    pub async fn cancel(&self, id: TaskId) -> Result<Operated, RecordError> {
        loop {
            let Some(mut task) = self.find(id).await? else {
                return Ok(Operated::Unknown);
            };
            if task.record.status().is_terminal() {
                return Ok(Operated::Done(task));
            }
            task.record.state = TaskState::Canceled;
            // Otherwise somebody has ended it since, and may even have retried it: look again.
            if self.records.commit(&mut task).await? == Commit::Written {
                self.shared.running.cancel(id);
                self.shared.ended(&task.record, Duration::ZERO);
                log::info!("task.id" = id, "task.kind" = task.record.kind, "trace.id" = task.record.trace_id(); "task canceled");
                return Ok(Operated::Done(task));
            }
        }
    }

    /// Deletes the record of a task that has ended.
    pub async fn delete(&self, id: TaskId) -> Result<Operated, RecordError> {
        let Some(task) = self.find(id).await? else {
            return Ok(Operated::Unknown);
        };
        let status = task.record.status();
        if !status.is_terminal() {
            return Ok(Operated::Conflict(status));
        }
        // With its ETag: a task that is retried at the same moment stays.
        if self.records.delete(id, task.etag.as_ref()).await? {
            log::info!("task.id" = id, "trace.id" = task.record.trace_id(); "task deleted");
            return Ok(Operated::Done(task));
        }
        let now = self.find(id).await?;
        Ok(now.map_or(Operated::Unknown, |task| {
            Operated::Conflict(task.record.status())
        }))
    }

    /// Lets a failed task run again under its id: a full round of attempts, counted on from those
    /// it has had.
    pub async fn retry(&self, id: TaskId) -> Result<Operated, RecordError> {
        let Some(mut task) = self.find(id).await? else {
            return Ok(Operated::Unknown);
        };
        let status = task.record.status();
        if status != TaskStatus::Failed || task.record.input.is_none() {
            return Ok(Operated::Conflict(status));
        }
        let failed = task.clone();
        task.record.state = TaskState::queued();
        task.record.retries += 1;
        if !self.records.replace(&mut task).await? {
            let now = self.find(id).await?;
            return Ok(now.map_or(Operated::Unknown, |now| {
                Operated::Conflict(now.record.status())
            }));
        }
        crash_point(CrashPoint::AfterRetry);
        let message = TaskMessage {
            attempts: task.record.attempts,
            ..TaskMessage::of(&task.record, task.etag.as_ref())
        };
        if let Err(error) = self.queue.send(&message.to_text(), Duration::ZERO).await {
            // As it was: nobody would work on it. If this fails too, it stays queued.
            let mut undone = Versioned {
                etag: task.etag,
                ..failed
            };
            let records = self.records.clone();
            tokio::spawn(async move { records.replace(&mut undone).await });
            return Err(error.into());
        }
        self.shared.wake.notify_one();
        log::info!("task.id" = id, "task.kind" = task.record.kind, "trace.id" = task.record.trace_id(); "task retried");
        Ok(Operated::Done(task))
    }
}
