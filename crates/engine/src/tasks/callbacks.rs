//! Reports of those to whom an attempt was handed over. A report of the end is the same conditional write
//! as every other ending.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::model::callback::{Attempted, Callbacks};
use crate::model::message::TaskMessage;
use crate::model::task::{HandedOver, TaskError, TaskState, TaskStatus};
use crate::policies::{max_attempts, wait_after};
use crate::records::{RecordError, Versioned};
use crate::tasks::service::Tasks;

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
    /// The record could not be read or written, or the message not be sent: nothing was changed.
    pub async fn called_back(
        &self,
        attempted: Attempted,
        report: &Report,
    ) -> Result<CalledBack, RecordError> {
        loop {
            let Some(mut task) = self.find(attempted.id).await? else {
                return Ok(CalledBack::Unknown);
            };
            if task.record.status().is_terminal() {
                return Ok(CalledBack::Ended);
            }
            if self.is_over(attempted, &task) {
                return Ok(CalledBack::OlderAttempt);
            }
            let handed = task.record.handed_over();
            let handed = handed.filter(|handed| handed.attempt == attempted.attempt);
            task.record.attempts = attempted.attempt;
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
                (Report::Failed { error, .. }, Some(handed)) => {
                    self.send_again(&task, handed, error).await?
                }
                // The attempt tells of its progress itself.
                (Report::Progress(_), None) => return Ok(CalledBack::Taken),
                (Report::Progress(percent), Some(_)) => TaskState::Running {
                    percent: Some((*percent).min(100)),
                    handed_over: handed,
                },
            };
            // Otherwise somebody has written it since: look again.
            if self.parts.records.replace(&mut task).await? {
                self.reported(task);
                return Ok(CalledBack::Taken);
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

    /// Sends the message for another attempt, and gives the state to wait for it in. In this order:
    /// should the record not follow, the message finds the attempt handed over, and waits for its deadline.
    async fn send_again(
        &self,
        task: &Versioned,
        handed: HandedOver,
        error: &TaskError,
    ) -> Result<TaskState, RecordError> {
        let after = wait_after(&self.parts.kinds, &task.record.kind, handed.spent);
        let due_at = Some(self.parts.clock.now() + after);
        let message = TaskMessage {
            etag: task.etag.as_ref().map(Cow::Borrowed),
            count: handed.count(),
            retries: task.record.retries,
            due_at,
            ..TaskMessage::naming(task.record.id)
        };
        self.parts.queue.send(&message.to_text(), after).await?;
        Ok(TaskState::Queued {
            due_at,
            last_error: Some(Box::new(error.clone())),
        })
    }

    fn reported(&self, mut task: Versioned) {
        let record = &mut task.record;
        let (id, attempt) = (record.id, record.attempts);
        match record.state {
            TaskState::Running { .. } => return,
            TaskState::Queued { .. } => self.parts.wake.notify_one(),
            _ => {
                record.input = None;
                self.parts.endings.ended(record, None);
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
