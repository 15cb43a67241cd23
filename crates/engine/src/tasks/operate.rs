//! What clients and operators can do to a task after it was submitted: cancel, delete, retry.
//! Each is the same conditional write as every other ending.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::model::instance::Purpose;
use crate::model::message::TaskMessage;
use crate::model::precondition::{Precondition, Target};
use crate::model::task::{TaskRecord, TaskState, TaskStatus};
use crate::records::{Commit, Followed, RecordError, Versioned};
use crate::tasks::service::Tasks;
use crate::tasks::submit::SubmitError;
use ports::{StorageError, budget};
use work::any::Canceled;

/// What became of what was asked for.
#[derive(Clone, Debug)]
pub enum Operated {
    /// Done; this is the record now, or was the last one.
    Done(Versioned),
    /// Not possible as the task stands, which is told; nothing was changed.
    Conflict(TaskRecord),
    /// The record is in another version than the caller asked for; nothing was changed.
    OtherVersion,
    /// There is no such task.
    Unknown,
}

// What the task is like is looked at first and the version after that, because a precondition is only
// asked of what would be done without it (RFC 9110, section 13.2.1). And the version that was looked at
// is the one that is written over: whatever changes in between is looked at anew.
impl Tasks {
    /// Ends a task for its client. A queued one never runs, one that runs is told to stop, and a
    /// result that comes later loses. A task that has ended stays as it is, and is returned.
    pub async fn cancel(&self, target: impl Into<Target>) -> Result<Operated, RecordError> {
        self.cancel_because(target, None).await
    }

    /// The same, for a reason that an instance shows.
    ///
    /// Runs to its end even when the caller stops waiting: what is to be told of the end is told by nobody else
    /// before the task's message comes, which may be hidden for months.
    pub async fn cancel_because(
        &self,
        target: impl Into<Target>,
        reason: Option<&str>,
    ) -> Result<Operated, RecordError> {
        let (tasks, target) = (self.clone(), target.into());
        let reason = reason.map(Into::into);
        let canceled = tokio::spawn(budget::carried(async move {
            tasks.cancel_now(target, reason).await
        }));
        canceled.await.unwrap_or_else(|_| {
            Err(StorageError::permanent("cancel task", "canceling it broke off").into())
        })
    }

    /// The same, for a caller that does it again if it does not come to the end.
    pub(crate) async fn cancel_now(
        &self,
        Target { id, only_if }: Target,
        reason: Option<Box<str>>,
    ) -> Result<Operated, RecordError> {
        loop {
            let Some(mut task) = self.find(id).await? else {
                return Ok(Operated::Unknown);
            };
            let (status, version) = (task.record.status(), task.etag.as_ref());
            // A canceled task is as it is wanted: the first reply may have been lost (section 13.1.1).
            let is_allowed = status == TaskStatus::Canceled || only_if.allows(version);
            if !is_allowed || only_if.excludes(version) {
                return Ok(Operated::OtherVersion);
            }
            if status.is_terminal() {
                if status == TaskStatus::Canceled {
                    // The first call may have failed behind its write.
                    self.tell_soon(&task.record).await;
                    self.cancel_steps(&task.record).await?;
                }
                return Ok(Operated::Done(task));
            }
            task.record.state = TaskState::Canceled;
            let is_instance = task.record.instance.is_some();
            if let Some(instance) = &mut task.record.instance {
                instance.reason.clone_from(&reason);
            }
            // The journal of an instance is in its record: none is written over.
            let is_written = if only_if == Precondition::default() && !is_instance {
                self.parts.records.commit(&mut task).await? == Commit::Written
            } else {
                self.parts.records.replace(&mut task).await?
            };
            // Otherwise somebody has ended it since, and may even have retried it: look again.
            if is_written {
                self.parts.running.cancel(id);
                let record = Cow::Borrowed(&task.record);
                self.parts.endings.ended(record, None);
                self.tell_kind(&task.record);
                self.tell_soon(&task.record).await;
                log::info!("task.id" = id, "task.kind" = task.record.kind, "trace.id" = task.record.trace_id(); "task canceled");
                self.cancel_steps(&task.record).await?;
                return Ok(Operated::Done(task));
            }
        }
    }

    /// Lets what an instance has begun end with it.
    async fn cancel_steps(&self, record: &TaskRecord) -> Result<(), StorageError> {
        if record.instance.is_none() {
            return Ok(());
        }
        let message = TaskMessage::about(record, Purpose::Canceled);
        let queue = self.parts.queues.of(&record.kind);
        queue
            .messages
            .send(&message.to_text(), Duration::ZERO)
            .await?;
        queue.wake();
        Ok(())
    }

    /// Lets the kind of a canceled task tell those who go on with it elsewhere.
    fn tell_kind(&self, record: &TaskRecord) {
        let Some(registered) = self.parts.kinds.get(&record.kind) else {
            return;
        };
        let canceled = Canceled {
            task_id: record.id.to_string(),
            kind: registered.name.clone(),
            attempts: record.attempts,
            traceparent: record.traceparent.clone(),
        };
        if let Some(telling) = Arc::clone(&registered.kind).canceled(canceled) {
            tokio::spawn(telling);
        }
    }

    /// Deletes the record of a task that has ended.
    pub async fn delete(&self, target: impl Into<Target>) -> Result<Operated, RecordError> {
        let Target { id, only_if } = target.into();
        loop {
            let Some(task) = self.find(id).await? else {
                return Ok(Operated::Unknown);
            };
            if !task.record.status().is_terminal() {
                return Ok(Operated::Conflict(task.record));
            }
            if !only_if.holds(task.etag.as_ref()) {
                return Ok(Operated::OtherVersion);
            }
            // Otherwise it was deleted or retried at the same moment: look again.
            if task.record.instance.is_some() {
                self.parts.records.clear_parts(id).await?;
            }
            if self.parts.records.delete(id, task.etag.as_ref()).await? {
                self.parts.records.forget_failure(&task.record).await;
                log::info!("task.id" = id, "trace.id" = task.record.trace_id(); "task deleted");
                return Ok(Operated::Done(task));
            }
        }
    }

    /// Lets a failed task run again under its id: a full round of attempts, counted on from those
    /// it has had.
    pub async fn retry(&self, target: impl Into<Target>) -> Result<Operated, RecordError> {
        match self.run_again(target.into(), None).await {
            Ok(operated) => Ok(operated),
            Err(SubmitError::Storage(error)) => Err(error.into()),
            Err(SubmitError::Unreadable(error)) => Err(error.into()),
            // Its input is as it was, and is not looked at.
            Err(error) => Err(StorageError::permanent("retry task", error.to_string()).into()),
        }
    }

    /// The same, with another input if one is given.
    ///
    /// # Errors
    ///
    /// The kind does not take the input, or is not known here; or as of a retry.
    pub(super) async fn run_again(
        &self,
        Target { id, only_if }: Target,
        input: Option<Box<RawValue>>,
    ) -> Result<Operated, SubmitError> {
        let (failed, task, round) = loop {
            let Some(mut task) = self.find(id).await? else {
                return Ok(Operated::Unknown);
            };
            if task.record.status() != TaskStatus::Failed || task.record.input.is_none() {
                return Ok(Operated::Conflict(task.record));
            }
            if !only_if.holds(task.etag.as_ref()) {
                return Ok(Operated::OtherVersion);
            }
            if let Some(input) = &input {
                self.check_input(&task.record.kind, input)?;
            }
            let failed = task.record.clone();
            task.record.input = input.clone().or(task.record.input);
            if let Some(instance) = &mut task.record.instance {
                instance.rewinds = true;
            }
            // Otherwise it was deleted or retried at the same moment: look again.
            if let Some(round) = self.queue_again(&mut task).await? {
                break (failed, task, round);
            }
        };
        let held = match round.followed {
            Followed::All { held, .. } => held,
            // It is queued; the sweep makes up for its message, should that be missing.
            Followed::Unsent(cause) | Followed::Unsettled(cause) if cause.is_unanswered() => {
                log::warn!("task.id" = id, "task.kind" = task.record.kind; "message may not be sent: {cause}");
                None
            }
            Followed::Unsent(cause) | Followed::Unsettled(cause) => {
                // As it was: nobody would work on it before the sweep does.
                let undone = match &task.etag {
                    Some(etag) => self.parts.records.take_back(&failed, etag).await,
                    None => Ok(false),
                };
                return Err(match undone {
                    Ok(_) => cause,
                    Err(error) => StorageError::unanswered("take a retry back", error.cause),
                }
                .into());
            }
        };
        let queue = self.parts.queues.of(&task.record.kind);
        queue.sent(round.leave, held);
        self.parts.records.forget_failure(&failed).await;
        log::info!("task.id" = id, "task.kind" = task.record.kind, "trace.id" = task.record.trace_id(); "task retried");
        Ok(Operated::Done(task))
    }
}
