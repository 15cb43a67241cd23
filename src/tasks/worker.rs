//! One delivery in, one outcome out. The worker never talks to the queue: its return value is the
//! acknowledgement, and only the trigger turns it into one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::attempt::Attempts;
use super::kinds::{AnyKind, Failure};
use super::limits::{MAX_DEQUEUE_COUNT, RETRY_DELAY};
use super::message::{TaskMessage, UnreadableMessage};
use super::records::{Commit, RecordError, Records, Versioned};
use super::service::Shared;
use super::task::{TaskError, TaskRecord, TaskState};
use crate::ports::Timestamp;

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

impl Delivery {
    /// True when the queue will not hand the message out again.
    fn is_last(&self) -> bool {
        self.dequeue_count >= MAX_DEQUEUE_COUNT
    }
}

/// What is to become of a delivered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task has ended, by this attempt or before it: delete the message.
    Done,
    /// The attempt failed and another may succeed: release the message.
    Retry {
        /// How long to keep it hidden.
        after: Duration,
        /// For the log.
        reason: String,
    },
    /// Nobody can work on it, or nobody may any more: it belongs into the poison queue.
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

/// The kind of a failed task whose message did not say.
const UNKNOWN_KIND: &str = "unknown";

impl Worker {
    /// Over these records.
    pub fn new(records: Records, shared: Arc<Shared>, attempts: Attempts) -> Self {
        Self {
            records,
            shared,
            attempts,
        }
    }

    /// Runs one attempt and says what is to become of the message.
    pub async fn run(&self, delivery: &Delivery) -> Outcome {
        let message = match TaskMessage::parse(&delivery.text) {
            Ok(message) => message,
            Err(unreadable) => return self.refuse(unreadable, delivery).await,
        };
        let id = message.id;
        self.run_message(message, delivery).await.unwrap_or_else(|error| {
            log::warn!("task.id" = id, attempt = delivery.dequeue_count; "attempt broken off: {error}");
            let reason = error.to_string();
            if delivery.is_last() {
                // The record is out of reach now; a sweep fails it when it drains the poison queue.
                Outcome::Poison { reason }
            } else {
                Outcome::Retry { after: RETRY_DELAY, reason }
            }
        })
    }

    async fn run_message(
        &self,
        message: TaskMessage,
        delivery: &Delivery,
    ) -> Result<Outcome, RecordError> {
        let id = message.id;
        let attempt = delivery.dequeue_count;
        let Some(mut task) = self.claim(message, delivery).await? else {
            log::info!("task.id" = id, attempt; "task has ended already");
            return Ok(Outcome::Done);
        };
        task.record.attempts = attempt;
        let (kind, input) = match self.work_of(&task.record) {
            Ok(work) => work,
            Err(error) => {
                let reason = error.message.clone();
                self.end(task, TaskState::Failed { error }, Duration::ZERO)
                    .await?;
                return Ok(Outcome::Poison { reason });
            }
        };

        let begun = Instant::now();
        let ended = self
            .attempts
            .run(kind, input, &mut task, &self.records)
            .await;
        let (state, outcome) = match ended {
            Ok(result) => (TaskState::Succeeded { result }, Outcome::Done),
            Err(Failure::Permanent { code, message }) => (failed(code, message), Outcome::Done),
            Err(Failure::Transient { code, message }) if delivery.is_last() => {
                let reason = format!("the last attempt failed: {code}");
                (failed(code, message), Outcome::Poison { reason })
            }
            Err(Failure::Transient { code, .. }) => {
                log::warn!("task.id" = id, "task.kind" = task.record.kind, attempt; "attempt failed, another follows: {code}");
                return Ok(Outcome::Retry {
                    after: RETRY_DELAY,
                    reason: code.to_owned(),
                });
            }
            Err(Failure::Stopped) => {
                log::info!("task.id" = id, "task.kind" = task.record.kind, attempt; "attempt stopped, task released");
                let reason = "the attempt was stopped".to_owned();
                return Ok(Outcome::Retry {
                    after: Duration::ZERO,
                    reason,
                });
            }
        };
        self.end(task, state, begun.elapsed()).await?;
        Ok(outcome)
    }

    /// Decides whether there is anything to do, and which version of the record ending it replaces.
    ///
    /// The happy path reads nothing: the first delivery of a message that carries everything. If
    /// the record has changed since, the conditional write will tell.
    async fn claim(
        &self,
        message: TaskMessage,
        delivery: &Delivery,
    ) -> Result<Option<Versioned>, RecordError> {
        let complete = message.kind.is_some() && message.input.is_some();
        if delivery.dequeue_count > 1 || !complete {
            return self.find_unfinished(message, delivery.inserted_at).await;
        }
        Ok(Some(self.first_version(message, delivery.inserted_at)))
    }

    /// The record of a message's task; `None` when the task has ended or its record is gone.
    async fn find_unfinished(
        &self,
        message: TaskMessage,
        inserted_at: Option<Timestamp>,
    ) -> Result<Option<Versioned>, RecordError> {
        match self.records.read(message.id).await? {
            Some(task) => Ok(Some(task).filter(|task| !task.record.status().is_terminal())),
            // It had a record when it was sent: consumed, deleted, or never acknowledged.
            None if message.etag.is_some() => Ok(None),
            // R0 sends messages without a record.
            None => Ok(Some(self.first_version(message, inserted_at))),
        }
    }

    fn first_version(&self, message: TaskMessage, inserted_at: Option<Timestamp>) -> Versioned {
        let TaskMessage {
            id,
            kind,
            input,
            etag,
        } = message;
        let now = self.shared.clock.now();
        let record = TaskRecord {
            id,
            kind: kind.unwrap_or_else(|| UNKNOWN_KIND.to_owned()),
            input,
            created_at: id.created_at().or(inserted_at).unwrap_or(now),
            updated_at: now,
            attempts: 0,
            state: TaskState::Queued,
        };
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

    /// Ends the task, unless somebody did before.
    async fn end(
        &self,
        mut task: Versioned,
        state: TaskState,
        duration: Duration,
    ) -> Result<(), RecordError> {
        task.record.state = state;
        let commit = self.records.commit(&mut task).await?;
        let TaskRecord {
            id, kind, attempts, ..
        } = &task.record;
        let status = task.record.status();
        let duration_ms = duration.as_millis();
        match commit {
            Commit::Lost => {
                log::info!("task.id" = id, attempt = attempts, duration_ms; "task was ended before, this attempt counts for nothing");
            }
            Commit::Written => {
                // A kind nobody registered could be any text, and each would be a time series of its own.
                let counted = if self.shared.kinds.get(kind).is_some() {
                    kind
                } else {
                    UNKNOWN_KIND
                };
                self.shared.metrics.task_ended(counted, status, duration);
                log::info!(
                    "task.id" = id, "task.kind" = kind, attempt = attempts, duration_ms;
                    "task {}", status.as_str()
                );
            }
        }
        Ok(())
    }

    /// A message that cannot be understood is poison; the task it names, if any, has failed.
    async fn refuse(&self, unreadable: UnreadableMessage, delivery: &Delivery) -> Outcome {
        let reason = unreadable.reason;
        log::warn!(attempt = delivery.dequeue_count; "message refused: {reason}");
        if let Some(id) = unreadable.id {
            let nothing_else = TaskMessage {
                id,
                kind: None,
                input: None,
                etag: None,
            };
            let error = TaskError {
                code: "UnreadableMessage".to_owned(),
                message: "the task's message could not be understood".to_owned(),
            };
            if let Err(error) = self.fail_unfinished(nothing_else, error).await {
                log::warn!("task.id" = id; "could not record the failure yet: {error}");
            }
        }
        Outcome::Poison { reason }
    }

    /// Ends the task of a message that was given up; `false` when the message names none.
    pub async fn fail_poisoned(&self, text: &str) -> Result<bool, RecordError> {
        let message = match TaskMessage::parse(text) {
            Ok(message) => message,
            Err(UnreadableMessage { id: Some(id), .. }) => TaskMessage {
                id,
                kind: None,
                input: None,
                etag: None,
            },
            Err(UnreadableMessage { id: None, .. }) => return Ok(false),
        };
        let error = TaskError {
            code: "DeadLettered".to_owned(),
            message: "the task was given up after its last attempt".to_owned(),
        };
        self.fail_unfinished(message, error).await.map(|()| true)
    }

    async fn fail_unfinished(
        &self,
        message: TaskMessage,
        error: TaskError,
    ) -> Result<(), RecordError> {
        match self.find_unfinished(message, None).await? {
            Some(task) => {
                self.end(task, TaskState::Failed { error }, Duration::ZERO)
                    .await
            }
            None => Ok(()),
        }
    }
}

fn failed(code: &str, message: String) -> TaskState {
    TaskState::Failed {
        error: TaskError {
            code: code.to_owned(),
            message,
        },
    }
}
