//! Reports of those to whom an attempt was handed over. A report of the end is the same conditional write
//! as every other ending.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::local::early::Leave;
use crate::model::callback::{Attempted, Callbacks};
use crate::model::message::TaskMessage;
use crate::model::task::{HandedOver, TaskError, TaskRecord, TaskState, TaskStatus};
use crate::policies::{max_attempts, wait_after};
use crate::records::{Followed, NextMessage, RecordError, Then, Versioned};
use crate::tasks::service::Tasks;
use ports::{ETag, StorageError, budget};

/// What somebody reports of an attempt.
#[derive(Clone, Debug)]
pub enum Report {
    /// It has come to this result.
    Succeeded(Box<RawValue>),
    /// It has failed.
    Failed {
        /// Why, for the client.
        error: TaskError,
        /// Whether trying again may help.
        may_pass: bool,
    },
    /// It has come so far, in percent (more than 100 counts as 100).
    Progress(u8),
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledBack {
    /// It counts.
    Taken,
    /// It is about an attempt that is over; the task goes on without it.
    OlderAttempt,
    /// It asks for another attempt, and this one is not handed over yet.
    TooSoon,
    /// The task has ended.
    Ended,
    /// There is no such task.
    Unknown,
}

impl Tasks {
    /// Where others may report, and who may; `None` where the service has no key to sign with.
    pub fn callbacks(&self) -> Option<&Callbacks> {
        self.parts.settings.callbacks.as_ref()
    }

    /// Takes a report of an attempt. It may come before the attempt has been handed over: whoever has the
    /// callback may be quicker than the answer to the request that told of it.
    ///
    /// # Errors
    ///
    /// The record could not be read or written. Nothing was changed then, unless the write is
    /// [unanswered](ports::StorageError::is_unanswered). A message for another attempt that could not be sent is
    /// no error: the sweep sends it.
    ///
    /// Runs to its end even when the caller stops waiting, as a cancel does.
    pub async fn called_back(
        &self,
        attempted: Attempted,
        report: Report,
    ) -> Result<CalledBack, RecordError> {
        let tasks = self.clone();
        let taken = tokio::spawn(budget::carried(async move {
            tasks.take_report(attempted, &report).await
        }));
        taken.await.unwrap_or_else(|_| {
            Err(StorageError::permanent("take report", "taking it broke off").into())
        })
    }

    async fn take_report(
        &self,
        attempted: Attempted,
        report: &Report,
    ) -> Result<CalledBack, RecordError> {
        loop {
            let Some(mut task) = self.find(attempted.id).await? else {
                return Ok(CalledBack::Unknown);
            };
            if task.record.status().is_terminal() {
                // Whoever ended it may have died before that was told.
                self.tell_soon(&task.record).await;
                return Ok(CalledBack::Ended);
            }
            if self.is_over(attempted, &task) {
                return Ok(CalledBack::OlderAttempt);
            }
            let handed = task.record.handed_over();
            let handed = handed.filter(|handed| handed.attempt == attempted.attempt);
            task.record.attempts = attempted.attempt;
            let wait = handed.map_or(Duration::ZERO, |handed| {
                wait_after(&self.parts.kinds, &task.record.kind, handed.spent)
            });
            task.record.state = match (report, handed) {
                (Report::Succeeded(result), _) => TaskState::Succeeded {
                    result: result.clone(),
                },
                (
                    Report::Failed {
                        error,
                        may_pass: false,
                    },
                    _,
                ) => failed(error),
                (Report::Failed { .. }, None) => return Ok(CalledBack::TooSoon),
                (Report::Failed { error, .. }, Some(handed))
                    if handed
                        .count()
                        .is_spent(max_attempts(&self.parts.kinds, &task.record.kind)) =>
                {
                    failed(error)
                }
                (Report::Failed { error, .. }, Some(_)) => TaskState::Queued {
                    due_at: Some(self.parts.clock.now() + wait),
                    last_error: Some(Box::new(error.clone())),
                },
                // The attempt tells of its progress itself.
                (Report::Progress(_), None) => return Ok(CalledBack::Taken),
                (Report::Progress(percent), Some(_)) => TaskState::Running {
                    percent: Some((*percent).min(100)),
                    handed_over: handed,
                },
            };
            // Otherwise somebody has written it since: look again.
            if self.report(&mut task, handed, wait).await? {
                self.reported(task).await;
                return Ok(CalledBack::Taken);
            }
        }
    }

    /// Writes what was reported, with the message for another attempt if one is to follow. `false` when the
    /// record has changed since it was read.
    async fn report(
        &self,
        task: &mut Versioned,
        handed: Option<HandedOver>,
        wait: Duration,
    ) -> Result<bool, RecordError> {
        let TaskState::Queued { .. } = task.record.state else {
            return Ok(self.parts.records.replace(task).await?);
        };
        let count = handed.map(HandedOver::count).unwrap_or_default();
        let tell = |record: &TaskRecord, etag: Option<&ETag>, begun: u32| {
            let message = TaskMessage {
                count: count.delivered(begun),
                ..TaskMessage::of(record, etag)
            };
            message.to_text()
        };
        let queue = self.parts.queues.of(&task.record.kind);
        let leave = self.parts.early.leave(&task.record, wait, &queue.is_behind);
        let then = Then {
            send: Some(NextMessage {
                queue: &queue.name,
                tell: &tell,
                delay: leave.as_deref().map_or(wait, Leave::hide),
                held: leave.as_deref().map(Leave::begun),
                unsent: None,
            }),
            settle: None,
            ..Then::default()
        };
        match self.parts.records.replace_then(task, then).await? {
            None => Ok(false),
            Some(Followed::All { held, .. }) => {
                queue.sent(leave, held);
                Ok(true)
            }
            // What was reported is written, and counts.
            Some(Followed::Unsent(error) | Followed::Unsettled(error)) => {
                let id = task.record.id;
                log::warn!("task.id" = id, "task.kind" = task.record.kind; "the sweep sends its message: {error}");
                Ok(true)
            }
        }
    }

    /// Whether an attempt is over, by the record or by the time.
    fn is_over(&self, attempted: Attempted, task: &Versioned) -> bool {
        let record = &task.record;
        let is_between = record.status() == TaskStatus::Queued;
        attempted.attempt < record.attempts
            || (attempted.attempt == record.attempts && is_between)
            || self.parts.clock.now() > attempted.expires_at
    }

    async fn reported(&self, mut task: Versioned) {
        let record = &mut task.record;
        let (id, attempt) = (record.id, record.attempts);
        match record.state {
            TaskState::Running { .. } => return,
            TaskState::Queued { .. } => {}
            _ => {
                record.input = None;
                self.parts.endings.ended(Cow::Borrowed(record), None);
                self.tell_soon(record).await;
            }
        }
        log::info!("task.id" = id, "task.kind" = record.kind, attempt, "trace.id" = record.trace_id(); "attempt reported, task {}", record.status().as_str());
    }
}

fn failed(error: &TaskError) -> TaskState {
    TaskState::Failed {
        error: error.clone(),
    }
}
