//! One delivery in, one outcome out. The worker never talks to the queue: its return value is the
//! acknowledgement, and only the trigger turns it into one.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::Level;
use serde_json::value::RawValue;

use super::attempt::Attempts;
use super::kinds::{AnyKind, Failure};
use super::limits::{MAX_ATTEMPTS, OUTAGE_DELAY, backoff};
use super::message::TaskMessage;
use super::records::{Commit, RecordError, Records, Versioned};
use super::service::{Shared, UNKNOWN_KIND};
use super::task::{TaskError, TaskRecord, TaskState};
use crate::crash::{CrashPoint, crash_point};
use crate::ports::Timestamp;
use crate::text::beginning;

/// The longest message of an error that is logged, in bytes.
const MAX_LOGGED_MESSAGE: usize = 500;

/// One hand-over of a message.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What was sent.
    pub text: String,
    /// How often the queue has handed it out; 1 the first time.
    pub dequeue_count: u32,
    /// When it was sent, if the trigger knows.
    pub inserted_at: Option<Timestamp>,
}

/// What is to become of a delivered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task has ended, by this attempt or before it: delete the message.
    Done,
    /// Another attempt is to follow: send this message after a while, then delete the one at hand.
    Again {
        /// The message to send.
        message: String,
        /// How long to keep it hidden.
        after: Duration,
        /// For the log.
        reason: String,
    },
    /// All attempts are used up, and the task has failed: the message belongs into the poison queue.
    Spent {
        /// For the log.
        reason: String,
    },
    /// Nobody can work on the message: it belongs into the poison queue.
    Poison {
        /// For the log.
        reason: String,
    },
}

/// Runs attempts.
#[derive(Clone)]
pub struct Worker {
    records: Records,
    shared: Arc<Shared>,
    attempts: Attempts,
}

impl Worker {
    /// Over these records.
    pub fn new(records: Records, shared: Arc<Shared>, attempts: Attempts) -> Self {
        Self {
            records,
            shared,
            attempts,
        }
    }

    /// Runs one attempt and says what is to become of the message. Drops `held` once the work is
    /// computed.
    pub async fn run(&self, delivery: &Delivery, held: impl Send) -> Outcome {
        let message = match TaskMessage::parse(&delivery.text) {
            Ok(message) => message,
            Err(unreadable) => return self.refuse(unreadable, delivery).await,
        };
        let id = message.id;
        self.run_message(message, delivery, held).await.unwrap_or_else(|error| {
            log::warn!("task.id" = id, "dequeue.count" = delivery.dequeue_count; "attempt broken off: {error}");
            let reason = error.to_string();
            match error {
                // Not the task's fault: the same message again, later, without a count. If the
                // queue is away as well, this one comes back by itself, and counts.
                RecordError::Storage(_) => {
                    Outcome::Again { message: delivery.text.clone(), after: OUTAGE_DELAY, reason }
                }
                RecordError::Unreadable(_) => Outcome::Poison { reason },
            }
        })
    }

    async fn run_message(
        &self,
        message: TaskMessage<'_>,
        delivery: &Delivery,
        held: impl Send,
    ) -> Result<Outcome, RecordError> {
        let id = message.id;
        // The queue's own count goes past 1 only when an attempt could not be finished.
        let mut attempt = message.attempts.saturating_add(delivery.dequeue_count);
        let spent = message.spent.saturating_add(delivery.dequeue_count);
        let Some(mut task) = self.claim(message, delivery).await? else {
            log::info!("task.id" = id, attempt; "task has ended already");
            return Ok(Outcome::Done);
        };
        // More than the message knows of when it is a copy, sent because storage was away.
        attempt = attempt.max(task.record.attempts);
        task.record.attempts = attempt;
        let (kind, input) = match self.work_of(&task.record) {
            Ok(work) => work,
            Err(error) => {
                let reason = error.message.clone();
                let ended = self.end(&mut task, TaskState::Failed { error }, Duration::ZERO);
                return Ok(match ended.await? {
                    Commit::OtherWork => ask_the_record(&task),
                    Commit::Written | Commit::Lost => Outcome::Spent { reason },
                });
            }
        };

        let begun = Instant::now();
        let ended = self
            .attempts
            .run(kind, input, &mut task, &self.records, &self.shared)
            .await;
        drop(held);
        self.shared.metrics.attempt_ended(&task.record.kind, &ended);
        crash_point(CrashPoint::AfterWork);
        let (state, outcome) = match ended {
            Ok(result) => (TaskState::Succeeded { result }, Outcome::Done),
            Err(Failure::Permanent { code, message }) => (failed(code, message), Outcome::Done),
            Err(Failure::Transient { code, message }) if spent >= MAX_ATTEMPTS => {
                let reason = format!("the last attempt failed: {code}");
                (failed(code, message), Outcome::Spent { reason })
            }
            Err(Failure::Transient { code, message }) => {
                let error = Box::new(error_of(code, message));
                return self
                    .again(task, spent, backoff(spent), code, Some(error))
                    .await;
            }
            Err(Failure::Later { after }) => {
                task.record.attempts = attempt.saturating_sub(1);
                return self
                    .again(task, spent.saturating_sub(1), after, "not yet", None)
                    .await;
            }
            Err(Failure::Stopped) if self.is_stopping() => {
                task.record.attempts = attempt.saturating_sub(1);
                return self
                    .again(
                        task,
                        spent.saturating_sub(1),
                        Duration::ZERO,
                        "the process is stopping",
                        None,
                    )
                    .await;
            }
            Err(Failure::Stopped) => {
                log::info!("task.id" = id, attempt, "trace.id" = task.record.trace_id(); "attempt stopped, task has ended");
                return Ok(Outcome::Done);
            }
        };
        let ended = self.end(&mut task, state, begun.elapsed()).await?;
        crash_point(CrashPoint::AfterCommit);
        Ok(match ended {
            Commit::OtherWork => ask_the_record(&task),
            Commit::Written | Commit::Lost => outcome,
        })
    }

    /// Another attempt, later. The record shows how many there were and why the last one failed, if it
    /// did, and is queued again.
    async fn again(
        &self,
        mut task: Versioned,
        spent: u32,
        after: Duration,
        reason: &str,
        last_error: Option<Box<TaskError>>,
    ) -> Result<Outcome, RecordError> {
        let delay = after.try_into().unwrap_or(time::Duration::MAX);
        let due_at = (!after.is_zero()).then(|| self.shared.clock.now().saturating_add(delay));
        task.record.state = TaskState::Queued { due_at, last_error };
        match self.records.commit(&mut task).await? {
            Commit::Written => {}
            Commit::Lost => return Ok(Outcome::Done),
            Commit::OtherWork => return Ok(ask_the_record(&task)),
        }
        crash_point(CrashPoint::AfterRequeue);
        let TaskRecord {
            id,
            kind,
            attempts,
            state,
            ..
        } = &task.record;
        let (code, message) = match state {
            TaskState::Queued {
                last_error: Some(error),
                ..
            } => error_fields(error),
            _ => (reason, ""),
        };
        let after_ms = after.as_millis();
        log::warn!(
            "task.id" = id, "task.kind" = kind, attempt = attempts, "trace.id" = task.record.trace_id(), after_ms, "error.message" = message;
            "attempt failed, another follows: {code}"
        );
        let message = TaskMessage {
            attempts: *attempts,
            spent,
            ..TaskMessage::of(&task.record, task.etag.as_ref())
        };
        Ok(Outcome::Again {
            message: message.to_text(),
            after,
            reason: reason.to_owned(),
        })
    }

    /// Whether attempts are told to stop because the process ends.
    pub fn is_stopping(&self) -> bool {
        self.attempts.are_stopping()
    }

    /// Decides whether there is anything to do, and which version of the record ending it replaces.
    ///
    /// The happy path reads nothing: the first delivery of a message that carries everything, for
    /// work that does no harm when the task was canceled meanwhile. If the record has changed
    /// since, the conditional write will tell.
    async fn claim(
        &self,
        message: TaskMessage<'_>,
        delivery: &Delivery,
    ) -> Result<Option<Versioned>, RecordError> {
        let complete = message.kind.is_some() && message.input.is_some();
        let kind = message
            .kind
            .as_deref()
            .and_then(|kind| self.shared.kinds.get(kind));
        let is_pure = kind.is_some_and(|kind| kind.is_pure());
        if delivery.dequeue_count > 1 || !complete || !is_pure {
            return self.find_unfinished(message, delivery.inserted_at).await;
        }
        Ok(Some(self.first_version(message, delivery.inserted_at)))
    }

    /// The record of a message's task; `None` when the task has ended or its record is gone.
    pub(super) async fn find_unfinished(
        &self,
        message: TaskMessage<'_>,
        inserted_at: Option<Timestamp>,
    ) -> Result<Option<Versioned>, RecordError> {
        match self.records.read(message.id).await? {
            // Failed and retried since: the retry sent a message of its own.
            Some(task) if task.record.retries > message.retries => Ok(None),
            Some(task) => Ok(Some(task).filter(|task| !task.record.status().is_terminal())),
            // It had a record when it was sent: consumed, deleted, or never acknowledged.
            None if message.etag.is_some() => Ok(None),
            // R0 sends messages without a record.
            None => Ok(Some(self.first_version(message, inserted_at))),
        }
    }

    fn first_version(&self, message: TaskMessage<'_>, inserted_at: Option<Timestamp>) -> Versioned {
        let TaskMessage {
            id,
            kind,
            input,
            etag,
            retries,
            traceparent,
            ..
        } = message;
        let now = self.shared.clock.now();
        let record = TaskRecord {
            id,
            kind: kind.map_or_else(|| UNKNOWN_KIND.to_owned(), Cow::into_owned),
            input: input.map(Cow::into_owned),
            created_at: id.created_at().or(inserted_at).unwrap_or(now),
            updated_at: now,
            attempts: 0,
            retries,
            traceparent: traceparent.map(Cow::into_owned),
            state: TaskState::queued(),
        };
        let etag = etag.map(Cow::into_owned);
        Versioned { record, etag }
    }

    fn work_of(&self, record: &TaskRecord) -> Result<(Arc<dyn AnyKind>, Box<RawValue>), TaskError> {
        let kind = self.shared.kinds.get(&record.kind);
        let (Some(kind), Some(input)) = (kind, record.input.as_ref()) else {
            let message = match kind {
                None => "no worker knows this kind of work",
                Some(_) => "the task has no input",
            };
            return Err(TaskError {
                code: "NotWorkable".to_owned(),
                message: message.to_owned(),
            });
        };
        // A message need not come from us, so its input is checked as a submission's is.
        kind.check(input).map_err(|invalid| TaskError {
            code: "InvalidInput".to_owned(),
            message: invalid.message,
        })?;
        Ok((Arc::clone(kind), input.clone()))
    }

    /// Ends the task, unless somebody did before, or its record is of other work.
    pub(super) async fn end(
        &self,
        task: &mut Versioned,
        state: TaskState,
        duration: Duration,
    ) -> Result<Commit, RecordError> {
        task.record.state = state;
        let commit = self.records.commit(task).await?;
        let TaskRecord {
            id,
            ref kind,
            attempts,
            ..
        } = task.record;
        let duration_ms = duration.as_millis();
        match commit {
            Commit::Lost => {
                log::info!("task.id" = id, attempt = attempts, duration_ms, "trace.id" = task.record.trace_id(); "task was ended before, this attempt counts for nothing");
            }
            Commit::OtherWork => {
                log::warn!("task.id" = id, "task.kind" = kind; "message told of other work than the task's record, which counts");
            }
            Commit::Written => {
                // Those who wait for the task have no use for it, and it may be megabytes.
                task.record.input = None;
                self.shared.ended(&task.record, duration);
                let (level, (code, message)) = match &task.record.state {
                    TaskState::Failed { error } => (Level::Warn, error_fields(error)),
                    _ => (Level::Info, ("", "")),
                };
                log::log!(
                    level,
                    "task.id" = id, "task.kind" = kind, attempt = attempts, duration_ms, "trace.id" = task.record.trace_id(),
                    "error.code" = code, "error.message" = message;
                    "task {}", task.record.status().as_str()
                );
            }
        }
        Ok(commit)
    }
}

/// A message is a hint: one that told of other work than its task's record (somebody forged it, or
/// a tool on the way rewrote it) is followed by one that tells nothing, so that the record is read.
fn ask_the_record(task: &Versioned) -> Outcome {
    let message = TaskMessage {
        // There is a record: if it is gone by then, so is the task.
        etag: task.etag.as_ref().map(Cow::Borrowed),
        retries: task.record.retries,
        ..TaskMessage::naming(task.record.id)
    };
    Outcome::Again {
        message: message.to_text(),
        after: Duration::ZERO,
        reason: "the message told of other work than the task's record".to_owned(),
    }
}

fn failed(code: &str, message: String) -> TaskState {
    TaskState::Failed {
        error: error_of(code, message),
    }
}

fn error_of(code: &str, message: String) -> TaskError {
    TaskError {
        code: code.to_owned(),
        message,
    }
}

/// What the log tells of an error: its client may see both, so both are safe to show.
fn error_fields(error: &TaskError) -> (&str, &str) {
    (&error.code, beginning(&error.message, MAX_LOGGED_MESSAGE))
}
