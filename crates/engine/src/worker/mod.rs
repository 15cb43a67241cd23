//! One delivery in, one outcome out. The worker never talks to the queue: its return value is the
//! acknowledgement, and only the trigger turns it into one.

pub(crate) mod again;
pub(crate) mod attempt;
pub(crate) mod burial;
pub(crate) mod consumer;
mod handed_over;
pub(crate) mod slots;
mod told;
mod watch;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use log::Level;

use crate::crash::{CrashPoint, crash_point};
use crate::limits::{NEWER_DELAY, OUTAGE_DELAY};
use crate::local::backlog::Backlog;
use crate::local::endings::Endings;
use crate::local::metrics::Took;
use crate::local::running::Running;
use crate::local::stop::Stop;
use crate::model::extensible::Others;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskError, TaskRecord, TaskState};
use crate::records::{Commit, RecordError, Records, Versioned};
use crate::worker::again::{Next, Step, ask_the_record, error_fields, too_early};
use crate::worker::attempt::{Attempts, Work};
use crate::worker::slots::Hand;
use ports::{Clock, Timestamp};
use work::{KindName, Kinds, Submitter};

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

impl Outcome {
    /// True for a message that was given back, for whoever can begin it at once.
    pub(crate) fn is_for_others(&self) -> bool {
        matches!(self, Self::Again { after, .. } if after.is_zero())
    }
}

/// Runs attempts.
pub(crate) struct Worker {
    pub(crate) records: Records,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) has_other_workers: bool,
    pub(crate) stop: Stop,
    pub(crate) attempts: Attempts,
    pub(crate) running: Arc<Running>,
    pub(crate) backlog: Arc<Backlog>,
    pub(crate) endings: Endings,
    pub(crate) submitter: Arc<dyn Submitter>,
}

impl Worker {
    /// Runs one attempt and says what is to become of the message: once a slot is free, for which it
    /// waits for so long. Drops `held` once the work is computed, or waits for something else than this process.
    pub(crate) async fn run(
        &self,
        delivery: &Delivery,
        patience: Duration,
        held: impl Send,
    ) -> Outcome {
        let message = match TaskMessage::parse(&delivery.text) {
            Ok(message) => message,
            // What is seldom does not make every delivery larger.
            Err(unreadable) => return Box::pin(self.refuse(unreadable, delivery)).await,
        };
        let id = message.id;
        let ended = self.run_message(message, delivery, patience, held).await;
        ended.unwrap_or_else(|error| {
            log::warn!("task.id" = id, "dequeue.count" = delivery.dequeue_count; "attempt broken off: {error}");
            broken_off(&error, delivery)
        })
    }

    async fn run_message(
        &self,
        mut message: TaskMessage<'_>,
        delivery: &Delivery,
        patience: Duration,
        held: impl Send,
    ) -> Result<Outcome, RecordError> {
        let id = message.id;
        if let Some(left) = self.is_early(message.due_at, delivery.inserted_at) {
            log::debug!("task.id" = id; "message came before its time");
            return Ok(too_early(message, delivery, left));
        }
        let must_read = self.must_read(&message, delivery);
        // The queue's own count goes past 1 only when an attempt could not be finished.
        let mut attempt = message.attempts.saturating_add(delivery.dequeue_count);
        let spent = message.spent.saturating_add(delivery.dequeue_count);
        let (later_since, marked) = (message.later_since, message.handed_over);
        let others = std::mem::take(&mut message.others);
        let claimed = if must_read {
            self.find_unfinished(message, delivery.inserted_at).await?
        } else {
            Some(self.first_version(message, delivery.inserted_at))
        };
        let Some(mut task) = claimed else {
            log::info!("task.id" = id, attempt; "task has ended already");
            return Ok(Outcome::Done);
        };
        if let TaskState::Queued { due_at, .. } = task.record.state
            && let Some(left) = self.is_early(due_at, delivery.inserted_at)
            && let Ok(message) = TaskMessage::parse(&delivery.text)
        {
            log::debug!("task.id" = id; "message came before its task's time");
            let message = TaskMessage { due_at, ..message };
            return Ok(too_early(message, delivery, left));
        }
        let overdue = match self.still_handed_over(&task, marked, delivery.inserted_at) {
            Ok(overdue) => overdue,
            Err(outcome) => return Ok(outcome),
        };
        // More than the message knows of when it is a copy, sent because storage was away.
        attempt = match overdue {
            Some(overdue) => overdue.attempt,
            None => attempt.max(task.record.attempts),
        };
        task.record.attempts = attempt;
        let work = match overdue {
            Some(overdue) => Err(self.overdue(&task.record.kind, overdue)),
            None => self
                .work_of(&task.record)
                .map_err(|error| self.step_without_work(error, &task, spent)),
        };
        let (step, took) = match work {
            Ok(work) => {
                let mut hand = Hand::holding(held);
                let (ended, took) = self
                    .attempts
                    .run(work, &mut task, &self.records, patience, &mut hand)
                    .await;
                drop(hand);
                if let Some(came_out) = ended.came_out() {
                    let metrics = &self.endings.metrics;
                    metrics.attempt_ended(&task.record.kind, came_out);
                }
                crash_point(CrashPoint::AfterWork);
                (
                    self.step(&task.record.kind, ended, spent, later_since),
                    Some(took),
                )
            }
            Err(step) => (step, None),
        };
        let next = match step {
            Step::End(state, outcome) => {
                let ended = self.end(&mut task, state, took).await?;
                crash_point(CrashPoint::AfterCommit);
                return Ok(match ended {
                    Commit::OtherWork => ask_the_record(&task),
                    Commit::Written | Commit::Lost => outcome,
                });
            }
            Step::HandOver { percent, left } => {
                return self.hand_over(&mut task, percent, left, spent).await;
            }
            Step::AskTheRecord => return Ok(ask_the_record(&task)),
            Step::PutOff(after) => {
                let next = Next::put_off(spent, after, later_since);
                return self.put_off(&mut task, next, others, delivery).await;
            }
            Step::Stopped if self.has_ended(&task).await? => {
                log::info!("task.id" = id, attempt, "trace.id" = task.record.trace_id(); "attempt stopped, task has ended");
                return Ok(Outcome::Done);
            }
            Step::Stopped => Next::released(spent, "it was told to stop"),
            Step::Again(next) => next,
        };
        self.again(&mut task, next, others).await
    }

    /// Whether the round of a task that was told to stop is over, by its record: no message is settled
    /// on the word of anything else. That a task was canceled here is remembered longer than the task,
    /// whose id somebody may send again.
    async fn has_ended(&self, task: &Versioned) -> Result<bool, RecordError> {
        let id = task.record.id;
        let now = self.records.read(id).await?;
        let is_open = match now {
            Some(now) => {
                !now.record.status().is_terminal() && now.record.retries == task.record.retries
            }
            // Without a record when it was sent, and without one yet.
            None => task.etag.is_none(),
        };
        if is_open {
            self.running.forget(id);
        }
        Ok(!is_open)
    }

    /// Messages under way that take no place in hand.
    pub(crate) fn aside(&self) -> usize {
        self.attempts.slots.aside()
    }

    /// A message has left the queue, and none followed it.
    pub(crate) fn message_left(&self) {
        self.backlog.left();
    }

    /// Whether the process was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_told()
    }

    /// Whether the record is read before the work begins.
    ///
    /// The happy path reads nothing: the first delivery of a message that carries everything, for
    /// work that does no harm when the task was canceled meanwhile. If the record has changed
    /// since, the conditional write will tell. A message with more in it than is known here is of a
    /// newer version, whose record may have more in it, too.
    fn must_read(&self, message: &TaskMessage<'_>, delivery: &Delivery) -> bool {
        let complete =
            message.kind.is_some() && message.input.is_some() && message.others.is_empty();
        let kind = message
            .kind
            .as_deref()
            .and_then(|kind| self.kinds.get(kind));
        let is_pure = kind.is_some_and(|kind| kind.policy.pure);
        delivery.dequeue_count > 1 || !complete || !is_pure || message.handed_over.is_some()
    }

    /// The record of a message's task; `None` when the task has ended or its record is gone.
    pub(crate) async fn find_unfinished(
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
            created_at,
            ..
        } = message;
        let now = self.clock.now();
        let created_at = created_at.or_else(|| id.created_at()).or(inserted_at);
        let record = TaskRecord {
            id,
            kind: kind.map_or_else(|| KindName::UNKNOWN.to_owned(), Cow::into_owned),
            input: input.map(Cow::into_owned),
            created_at: created_at.unwrap_or(now),
            // It has not changed before; if it has since, nobody looked.
            updated_at: created_at.unwrap_or(now),
            attempts: 0,
            retries,
            traceparent: traceparent.map(Cow::into_owned),
            state: TaskState::queued(),
            others: Others::default(),
        };
        let etag = etag.map(Cow::into_owned);
        Versioned { record, etag }
    }

    fn work_of(&self, record: &TaskRecord) -> Result<Work<'_>, TaskError> {
        let kind = self.kinds.get(&record.kind);
        let (Some(kind), Some(input)) = (kind, record.input.as_ref()) else {
            let message = match kind {
                None => "no worker knows this kind of work",
                Some(_) => "the task has no input",
            };
            return Err(TaskError {
                code: NOT_WORKABLE.to_owned(),
                message: message.to_owned(),
            });
        };
        // A message need not come from us, so its input is checked as a submission's is.
        let prepared = Arc::clone(&kind.kind).prepare(input);
        let prepared = prepared.map_err(|invalid| TaskError {
            code: "InvalidInput".to_owned(),
            message: invalid.message,
        })?;
        Ok(Work {
            kind,
            prepared,
            submitter: Arc::clone(&self.submitter),
        })
    }

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

/// The code of a task whose kind nobody here knows, or that has no input.
const NOT_WORKABLE: &str = "NotWorkable";

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
