//! The end of a task by an attempt, with that of its message if we hold it; and what becomes of a message
//! whose record lets none end it.

use std::borrow::Cow;

use log::Level;

use crate::limits::{NEWER_DELAY, OUTAGE_DELAY};
use crate::local::metrics::Took;
use crate::model::task::{TaskRecord, TaskState};
use crate::records::{Commit, Committed, RecordError, Then, Versioned};
use crate::worker::again::error_fields;
use crate::worker::hold::{Hold, settled};
use crate::worker::outcome::Outcome;
use crate::worker::parts::Worker;
use ports::crash::{CrashPoint, crash_point};
use ports::{Delivery, Settle};

impl Worker {
    async fn commit_and_settle(
        &self,
        task: &mut Versioned,
        hold: &Hold,
        how: Settle<'_>,
    ) -> Result<Commit, RecordError> {
        let mut held = hold.receipt().await;
        let then = Then {
            send: None,
            settle: held.as_ref().map(|receipt| (receipt, how)),
            ..Then::default()
        };
        let followed = match self.records.commit_then(task, then).await? {
            Committed::Written(followed) => followed,
            Committed::Lost => return Ok(Commit::Lost),
            Committed::OtherWork => return Ok(Commit::OtherWork),
        };
        if held.is_none() {
            // Whoever holds the message settles it later.
            crash_point(CrashPoint::AfterCommit);
        } else if let Settle::DeadLetter { reason, .. } = how {
            log_dead_letter(reason);
        }
        if settled(&mut held, &followed) {
            hold.queue.backlog.left();
        }
        Ok(Commit::Written)
    }

    /// Ends the task, unless somebody did before, or its record is of other work; then the message at
    /// hand, if we hold one, is settled so. `took` is how long the task's last attempt did, if there was
    /// one. Gives the task back when its record is of other work.
    pub(crate) async fn end(
        &self,
        mut task: Versioned,
        state: TaskState,
        took: Option<Took>,
        settling: Option<(&Hold, Settle<'_>)>,
    ) -> Result<Option<Versioned>, RecordError> {
        task.record.state = state;
        // Whoever has the message sees to it that the end is told, so it stays until that is done.
        let settling = settling.filter(|_| task.record.callback_url.is_none());
        let commit = match settling {
            None => self.records.commit(&mut task).await?,
            Some((hold, how)) => self.commit_and_settle(&mut task, hold, how).await?,
        };
        let TaskRecord { id, attempts, .. } = task.record;
        let kind = &task.record.kind;
        let Took { wait, work } = took.unwrap_or_default();
        let (wait_ms, duration_ms) = (wait.as_millis(), work.as_millis());
        match commit {
            Commit::Lost => {
                log::info!("task.id" = id, attempt = attempts, wait_ms, duration_ms, "trace.id" = task.record.trace_id(); "task was ended before, this attempt counts for nothing");
                Box::pin(self.lost(&task.record)).await?;
            }
            Commit::OtherWork => {
                log::warn!("task.id" = id, "task.kind" = kind; "message told of other work than the task's record, which counts");
                return Ok(Some(task));
            }
            Commit::Written => self.ended(task, took).await?,
        }
        Ok(None)
    }

    /// Tells of a task that has just been written as ended.
    pub(crate) async fn ended(
        &self,
        mut task: Versioned,
        took: Option<Took>,
    ) -> Result<(), RecordError> {
        let TaskRecord { id, attempts, .. } = task.record;
        let kind = &task.record.kind;
        let Took { wait, work } = took.unwrap_or_default();
        let (wait_ms, duration_ms) = (wait.as_millis(), work.as_millis());
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
        if matches!(task.record.state, TaskState::Failed { .. }) {
            self.notices.failed();
        }
        // Those who wait for the task have no use for it, and it may be megabytes. That of an instance is told.
        if task.record.instance.is_none() {
            task.record.input = None;
        }
        let told = task.record.callback_url.is_some();
        let told = told.then(|| self.notices.tell(&task.record));
        self.endings.ended(Cow::Owned(task.record), took);
        if let Some(told) = told {
            told.await?;
        }
        Ok(())
    }
}

impl Worker {
    /// Sees to it that the end of a task is told to which an attempt has lost: whoever wrote it may have died
    /// since, and the message at hand is the last one of the task.
    pub(crate) async fn lost(&self, lost: &TaskRecord) -> Result<(), RecordError> {
        if lost.callback_url.is_none() {
            return Ok(());
        }
        match self.records.read(lost.id).await? {
            Some(task) if task.record.status().is_terminal() => {
                Ok(self.notices.tell(&task.record).await?)
            }
            _ => Ok(()),
        }
    }
}

/// Tells why a message is given up.
pub(crate) fn log_dead_letter(reason: &str) {
    log::warn!("message becomes a dead letter: {reason}");
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
        message: Some(delivery.text.clone()),
        queue: None,
        after,
        reason,
    }
}
