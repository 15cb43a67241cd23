//! What follows an attempt, and above all another one: what the record shows meanwhile, and the message
//! that brings it.

use std::borrow::Cow;
use std::time::Duration;

use crate::limits::{
    EARLY_BY, LONGEST_LATER, PUT_OFF_RANGE, SHORTEST_LATER, SHOW_PUT_OFF_AFTER, varied,
};
use crate::local::early::Leave;
use crate::local::slots::NoSlot;
use crate::model::count::Count;
use crate::model::extensible::Others;
use crate::model::instance::Purpose;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskError, TaskRecord, TaskState};
use crate::policies::{max_attempts, wait_after};
use crate::records::{Committed, Followed, NextMessage, RecordError, Then, Versioned};
use crate::text::beginning;
use crate::worker::hold::{Hold, settled};
use crate::worker::outcome::Outcome;
use crate::worker::parts::Worker;
use crate::worker::told::{Ended, MAX_LOGGED_MESSAGE};
use ports::crash::{CrashPoint, crash_point};
use ports::{Delivery, ETag, QueueName, Settle, Timestamp};

/// What follows an attempt.
pub(crate) enum Step {
    /// The task ends, and this becomes of the message.
    End(TaskState, Outcome),
    /// Another attempt.
    Again(Next),
    /// Somebody else goes on with it for so long at most, from so many percent on.
    HandOver { percent: Option<u8>, left: Duration },
    /// The record is read.
    AskTheRecord,
    /// The same message again, after a while.
    PutOff(Duration),
    /// Nothing, if the task has ended.
    Stopped,
}

/// Another attempt.
pub(crate) struct Next {
    /// What is counted before it.
    count: Count,
    /// When it may begin.
    after: Duration,
    why: Why,
}

impl Next {
    /// After this wait, after one that failed, the last of so many.
    fn failed(count: Count, after: Duration, error: TaskError) -> Self {
        Self {
            count: count.failed(),
            after,
            why: Why::Failed(Box::new(error)),
        }
    }

    /// After this time, after one that its kind had no slot for.
    pub(crate) fn put_off(count: Count, after: Duration) -> Self {
        Self {
            after,
            count: count.put_off(),
            ..Self::released(count, AT_ITS_LIMIT)
        }
    }

    /// At once, after one that does not count among so many.
    pub(crate) fn released(count: Count, why: &'static str) -> Self {
        Self {
            count: count.released(),
            after: Duration::ZERO,
            why: Why::Released(why),
        }
    }
}

/// Why another attempt is to follow.
enum Why {
    /// This one failed.
    Failed(Box<TaskError>),
    /// This one does not count, because of that.
    Released(&'static str),
}

impl Worker {
    /// What follows an attempt at a task of this kind that ended so, with which so many count.
    pub(crate) fn step(&self, kind: &str, ended: Ended, count: Count) -> Step {
        match ended {
            Ended::Succeeded(result) => Step::End(TaskState::Succeeded { result }, Outcome::Done),
            Ended::Failed {
                code,
                message,
                may_pass,
            } => match may_pass {
                false => Step::End(failed(code.as_str(), message), Outcome::Done),
                true if count.is_spent(max_attempts(&self.kinds, kind)) => {
                    last_failed(code.as_str(), message)
                }
                true => {
                    let wait = wait_after(&self.kinds, kind, count.spent);
                    let error = error_of(code.as_str(), message);
                    Step::Again(Next::failed(count, wait, error))
                }
            },
            Ended::Later(after) => self.later(kind, after, count),
            Ended::HandedOver { percent, left } => Step::HandOver { percent, left },
            Ended::OtherWork => Step::AskTheRecord,
            Ended::NoSlot(NoSlot::Waited) => Step::Again(Next::released(count, "no slot was free")),
            Ended::NoSlot(NoSlot::Full) => {
                let usual = self.endings.estimate.of(kind).unwrap_or_default();
                let (shortest, longest) = (*PUT_OFF_RANGE.start(), *PUT_OFF_RANGE.end());
                Step::PutOff(varied(usual.clamp(shortest, longest)))
            }
            Ended::Stopped if self.is_stopping() => {
                Step::Again(Next::released(count, "the process is stopping"))
            }
            Ended::Stopped => Step::Stopped,
        }
    }

    /// What follows when there is no work to be done. A kind that is not known here was known to the
    /// process that took the task in: one of a newer version, which may get the next message.
    pub(crate) fn step_without_work(
        &self,
        error: TaskError,
        task: &Versioned,
        count: Count,
    ) -> Step {
        let is_known = self.kinds.get(&task.record.kind).is_some();
        let may_be_known_elsewhere = self.has_other_workers && task.etag.is_some();
        let kind = &task.record.kind;
        if !is_known && may_be_known_elsewhere && !count.is_spent(max_attempts(&self.kinds, kind)) {
            let wait = wait_after(&self.kinds, kind, count.spent);
            return Step::Again(Next::failed(count, wait, error));
        }
        let reason = error.message.clone();
        Step::End(TaskState::Failed { error }, Outcome::Spent { reason })
    }

    /// What follows when the work asks for another time: for [`LATER_UNCOUNTED`] that is no attempt.
    fn later(&self, kind: &str, after: Duration, count: Count) -> Step {
        let (count, counts) = count.later(self.clock.now());
        let never_ready = "the work asked for another time once too often".to_owned();
        let why = match counts {
            false => Why::Released("not yet"),
            true if count.is_spent(max_attempts(&self.kinds, kind)) => {
                return last_failed(NEVER_READY, never_ready);
            }
            true => Why::Failed(Box::new(error_of(NEVER_READY, never_ready))),
        };
        Step::Again(Next {
            count,
            after: after.clamp(SHORTEST_LATER, LONGEST_LATER),
            why,
        })
    }

    /// Another attempt after this time, which does not count among so many, because its kind is at its limit.
    /// The message alone tells of it: a record that was written each time would cost as much as the
    /// work. It is written now and then, so that the task is not taken for one that has lost its message.
    pub(crate) async fn put_off(
        &self,
        task: &mut Versioned,
        next: Next,
        others: Others<'_>,
        delivery: &Delivery,
        hold: &Hold,
    ) -> Result<Outcome, RecordError> {
        let is_shown = self.clock.now() - task.record.updated_at < SHOW_PUT_OFF_AFTER;
        match TaskMessage::parse(&delivery.text) {
            Ok(message) if is_shown => {
                let queue = Some(self.queues.of(&task.record.kind).name.clone());
                let later = (queue, next.after);
                Ok(sent_later(message, delivery, later, AT_ITS_LIMIT))
            }
            _ => self.again(task, next, others, hold).await,
        }
    }

    /// Another attempt, later. The record shows how many there were and why the last one failed, if it
    /// did, and is queued again.
    pub(crate) async fn again(
        &self,
        task: &mut Versioned,
        next: Next,
        others: Others<'_>,
        hold: &Hold,
    ) -> Result<Outcome, RecordError> {
        let Next { count, after, why } = next;
        let queue = self.queues.of(&task.record.kind);
        // What does not count goes to whoever can begin it.
        let leave = match why {
            Why::Failed(_) => self.early.leave(&task.record, after, &queue.is_behind),
            Why::Released(_) => None,
        };
        let attempt = task.record.attempts;
        task.record.attempts = count.attempts;
        let due_at = (!after.is_zero()).then(|| self.after(after));
        let (last_error, released) = match why {
            Why::Failed(error) => (Some(error), None),
            Why::Released(why) => (task.record.state.take_last_error(), Some(why)),
        };
        task.record.state = TaskState::Queued { due_at, last_error };
        let tell = |record: &TaskRecord, etag: Option<&ETag>, begun: u32| {
            let message = TaskMessage {
                count: count.at_least(record.attempts).delivered(begun),
                others: others.clone(),
                ..TaskMessage::of(record, etag)
            };
            message.to_text()
        };
        let mut held = hold.receipt().await;
        let then = Then {
            send: Some(NextMessage {
                queue: &queue.name,
                tell: &tell,
                delay: leave.as_deref().map_or(after, Leave::hide),
                held: leave.as_deref().map(Leave::begun),
                unsent: Some(CrashPoint::AfterRequeue),
            }),
            settle: held.as_ref().map(|receipt| (receipt, Settle::Done)),
            ..Then::default()
        };
        let mut followed = match self.records.commit_then(task, then).await? {
            Committed::Written(followed) => followed,
            Committed::Lost => {
                Box::pin(self.lost(&task.record)).await?;
                return Ok(Outcome::Done);
            }
            Committed::OtherWork => return Ok(ask_the_record(task)),
        };
        if let (Some(leave), Followed::All { held, .. }) = (leave, &mut followed)
            && let Some(next) = held.take()
        {
            leave.begin(*next);
        }
        if held.is_none() && matches!(followed, Followed::All { .. }) {
            // Whoever holds the message settles it later.
            crash_point(CrashPoint::AfterNextMessage);
        }
        settled(&mut held, &followed);
        if queue.name != hold.queue.name {
            // Another loop empties that.
            queue.wake();
        }
        let TaskRecord {
            id, kind, state, ..
        } = &task.record;
        let after_ms = after.as_millis();
        let reason = match (released, state) {
            (
                None,
                TaskState::Queued {
                    last_error: Some(error),
                    ..
                },
            ) => {
                let (code, message) = error_fields(error);
                log::warn!(
                    "task.id" = id, "task.kind" = kind, attempt, "trace.id" = task.record.trace_id(), after_ms, "error.message" = message;
                    "attempt failed, another follows: {code}"
                );
                code
            }
            (why, _) => {
                let why = why.unwrap_or_default();
                log::info!(
                    "task.id" = id, "task.kind" = kind, attempt, "trace.id" = task.record.trace_id(), after_ms;
                    "attempt given back, and not counted: {why}"
                );
                why
            }
        };
        Ok(match followed {
            Followed::Unsent(error) => Outcome::Released {
                reason: format!("{reason}; {error}"),
            },
            Followed::All { .. } | Followed::Unsettled(_) => Outcome::Again {
                message: None,
                queue: None,
                after,
                reason: reason.to_owned(),
            },
        })
    }

    /// How long a delivery comes too early, by what its message tells or by what the record does: the
    /// record is the truth, and the message has the same for a delivery that does not read it.
    ///
    /// A queue may hand out a message before its time: one hides it for seven days at the most, another
    /// shows it at a restart. A clock that says the message is yet to be sent is not believed.
    pub(crate) fn is_early(
        &self,
        due_at: Option<Timestamp>,
        inserted_at: Option<Timestamp>,
    ) -> Option<Duration> {
        let now = self.clock.now();
        let runs_behind = inserted_at.is_some_and(|sent| sent > now + EARLY_BY);
        let left = Duration::try_from(due_at? - now).ok()?;
        (left > EARLY_BY && !runs_behind).then_some(left)
    }

    /// What becomes of a delivery that came before its time.
    pub(crate) fn too_early(
        &self,
        message: TaskMessage<'_>,
        delivery: &Delivery,
        after: Duration,
    ) -> Outcome {
        let kind = message.kind.as_deref();
        let queue = kind.map(|kind| self.queues.of(kind).name.clone());
        sent_later(message, delivery, (queue, after), "it came before its time")
    }

    fn after(&self, delay: Duration) -> Timestamp {
        let delay = delay.try_into().unwrap_or(time::Duration::MAX);
        self.clock.now().saturating_add(delay)
    }
}

/// The code of a task whose work asks for another time, and another, for longer than a day.
const NEVER_READY: &str = "NeverReady";

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
pub(crate) fn error_fields(error: &TaskError) -> (&str, &str) {
    (&error.code, beginning(&error.message, MAX_LOGGED_MESSAGE))
}

/// After the last attempt, which failed as well.
fn last_failed(code: &str, message: String) -> Step {
    let reason = format!("the last attempt failed: {code}");
    Step::End(failed(code, message), Outcome::Spent { reason })
}

/// Why a message is put off whose kind has no slot.
const AT_ITS_LIMIT: &str = "its kind of work is at its limit";

/// The message of a delivery once more, in this queue and after this time, as if it had not come now.
/// What was counted before stays counted.
pub(crate) fn sent_later(
    message: TaskMessage<'_>,
    delivery: &Delivery,
    (queue, after): (Option<QueueName>, Duration),
    reason: &str,
) -> Outcome {
    let before = delivery.dequeue_count.saturating_sub(1);
    let is_dated = message.created_at.is_some() || message.id.created_at().is_some();
    let message = TaskMessage {
        count: message.count.delivered(before),
        // The next message is sent later than this one was.
        created_at: if is_dated {
            message.created_at
        } else {
            delivery.inserted_at
        },
        ..message
    };
    Outcome::Again {
        message: Some(message.to_text()),
        queue,
        after,
        reason: reason.to_owned(),
    }
}

/// What is open of an instance, whatever its message told.
pub(crate) fn everything(task: &Versioned) -> Outcome {
    let message = TaskMessage::about(&task.record, Purpose::Everything);
    Outcome::Again {
        message: Some(message.to_text()),
        queue: None,
        after: Duration::ZERO,
        reason: "the message does not tell that its task is an instance".to_owned(),
    }
}

/// A message is a hint: one that told of other work than its task's record (somebody forged it, or
/// a tool on the way rewrote it) is followed by one that tells nothing, so that the record is read.
pub(crate) fn ask_the_record(task: &Versioned) -> Outcome {
    let message = TaskMessage {
        // There is a record: if it is gone by then, so is the task.
        etag: task.etag.as_ref().map(Cow::Borrowed),
        retries: task.record.retries,
        ..TaskMessage::naming(task.record.id)
    };
    Outcome::Again {
        message: Some(message.to_text()),
        queue: None,
        after: Duration::ZERO,
        reason: "the message told of other work than the task's record".to_owned(),
    }
}
