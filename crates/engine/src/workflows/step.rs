//! The work of one step: an attempt like that of a task, of which the record of the instance tells the end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use super::Workflows;
use super::advance::Turn;
use super::sends::step_again;
use super::standing::Standing;
use super::stuck::{Stuck, step_error};
use crate::limits::{LONGEST_LATER, PUT_OFF_RANGE, SHORTEST_LATER, varied};
use crate::local::slots::{Hand, NoSlot};
use crate::local::sync::Mutex;
use crate::model::count::Count;
use crate::model::id::TaskId;
use crate::model::instance::{Parent, StepEnd, step_id};
use crate::model::task::{TaskRecord, TaskState};
use crate::policies::{max_attempts, wait_after, wait_of};
use crate::worker::Outcome;
use crate::worker::attempt::Work;
use crate::worker::attempting::{Attempting, StepOf};
use crate::worker::told::Ended;
use ports::Timestamp;
use work::workflow::replay::{Command, Open};
use work::workflow::{Retry, StepError};

/// What came of an attempt at a step.
pub(super) enum Came {
    /// The step has ended.
    To(StepEndOf),
    /// It is tried again after this time, with what is counted then.
    Again { after: Duration, count: Count },
    /// The process is about to stop, or the step is no longer wanted.
    Stopped,
}

/// A result that is not stored, or an error.
pub(super) type StepEndOf = Result<Box<RawValue>, StepError>;

/// The work of a step, and what it is called by.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) input: &'a RawValue,
    pub(super) retry: Option<&'a Retry>,
    pub(super) time_limit: Option<Duration>,
    /// Whose step it is.
    pub(super) of: Parent,
    pub(super) traceparent: Option<String>,
    /// The record of an instance that has none yet.
    pub(super) begins: Option<Box<TaskRecord>>,
}

/// The record of an instance while it does a step.
fn running(standing: &Standing) -> Box<TaskRecord> {
    let mut record = standing.record().clone();
    record.attempts = record.attempts.max(1);
    record.state = TaskState::Running {
        percent: None,
        handed_over: None,
    };
    Box::new(record)
}

impl Workflows {
    /// Does the work of a step that is open.
    pub(super) async fn step(
        &self,
        standing: &Standing,
        open: &Open,
        count: Count,
        patience: Duration,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Came {
        let Command::Call {
            name,
            input,
            retry,
            time_limit,
        } = &*open.command
        else {
            return Came::Stopped;
        };
        let asked = Asked {
            name,
            input,
            retry: retry.as_ref(),
            time_limit: *time_limit,
            of: standing.parent(open.step, None),
            traceparent: standing.record().traceparent.clone(),
            begins: standing.task.etag.is_none().then(|| running(standing)),
        };
        self.attempt(asked, count, patience, hand).await
    }

    /// One attempt at the work of a step.
    pub(super) async fn attempt(
        &self,
        asked: Asked<'_>,
        count: Count,
        patience: Duration,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Came {
        let worker = self.worker();
        let Asked {
            name,
            input,
            retry,
            time_limit,
            of,
            traceparent,
            begins,
        } = asked;
        let Some(kind) = worker.kinds.get(name) else {
            let told = format!("no worker knows the kind of work {name:?}");
            return Came::To(Err(StepError::new(StepError::NOT_REGISTERED, told)));
        };
        let prepared = match Arc::clone(&kind.kind).prepare(input) {
            Ok(prepared) => prepared,
            Err(invalid) => return Came::To(Err(step_error("InvalidInput", invalid.message))),
        };
        let work = Work {
            kind,
            prepared,
            submitter: Arc::clone(&worker.submitter),
            files: worker.files.clone(),
        };
        let begun = of.id.created_at().unwrap_or(Timestamp::UNIX_EPOCH);
        let step = StepOf {
            instance: of.id,
            id: step_id(&of, begun),
            attempt: count.attempts,
            time_limit,
            traceparent,
            begins: Mutex::new(begins),
        };
        let attempts = &worker.attempts;
        let (ended, _) = attempts
            .run(
                work,
                Attempting::Step(&step),
                &worker.records,
                patience,
                hand,
            )
            .await;
        if let Some(came_out) = ended.came_out() {
            worker.endings.metrics.attempt_ended(name, came_out);
        }
        let instance = of.id;
        match ended {
            Ended::Succeeded(result) => Came::To(Ok(result)),
            Ended::Failed {
                code,
                message,
                may_pass,
            } => {
                let most = retry.map_or_else(|| max_attempts(&worker.kinds, name), |r| r.attempts);
                let code = code.as_str();
                let attempt = count.spent;
                if may_pass && !count.is_spent(most) {
                    log::warn!("task.id" = instance, "step.kind" = name, attempt; "step failed, and is tried again: {code}");
                    let after = match retry {
                        Some(retry) => wait_of(retry.back_off, count.spent),
                        None => wait_after(&worker.kinds, name, count.spent),
                    };
                    let count = count.failed();
                    return Came::Again { after, count };
                }
                log::warn!("task.id" = instance, "step.kind" = name, attempt; "step failed: {code}");
                Came::To(Err(step_error(code, message)))
            }
            Ended::Later(after) => {
                let (count, counts) = count.later(worker.clock.now());
                if counts && count.is_spent(max_attempts(&worker.kinds, name)) {
                    let told = "the work asked for another time once too often";
                    return Came::To(Err(step_error("NeverReady", told)));
                }
                let after = after.clamp(SHORTEST_LATER, LONGEST_LATER);
                Came::Again { after, count }
            }
            // It has no callback to hand over with.
            Ended::HandedOver { .. } | Ended::OtherWork => {
                let told = "a step cannot be handed over";
                Came::To(Err(step_error("NoCallback", told)))
            }
            Ended::NoSlot(NoSlot::Waited) => Came::Again {
                after: Duration::ZERO,
                count: count.released(),
            },
            Ended::NoSlot(NoSlot::Full) => Came::Again {
                after: varied(*PUT_OFF_RANGE.start()),
                count: count.put_off(),
            },
            Ended::Stopped if worker.is_stopping() => Came::Again {
                after: Duration::ZERO,
                count: count.released(),
            },
            Ended::Stopped => Came::Stopped,
        }
    }

    /// What a step gave, as the journal has it: the instance's record comes after that.
    pub(super) async fn ended(
        &self,
        id: TaskId,
        part: String,
        end: StepEndOf,
    ) -> Result<StepEnd, Stuck> {
        Ok(match end {
            Ok(result) => StepEnd::Ok(self.payload(id, &part, result).await?),
            Err(error) => StepEnd::Err(error),
        })
    }

    /// What comes of a step that is to be tried again: its own message, after what has arrived is written.
    pub(super) async fn step_later(
        &self,
        turn: &mut Turn<'_>,
        standing: &mut Standing,
        (open, name): (&Open, &str),
        (after, count): (Duration, Count),
    ) -> Result<Outcome, Stuck> {
        let due_at = (!after.is_zero()).then(|| self.worker().clock.now() + after);
        let record = standing.record().clone();
        let message = step_again(&record, open.step, count, due_at);
        let sends = [self.outgoing(&message, name)];
        self.flush(turn, standing, &sends).await?;
        if let Some(until) = due_at {
            self.postpone(turn.id, until).await?;
        }
        Ok(Outcome::Done)
    }
}
