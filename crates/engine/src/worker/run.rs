//! One delivery: its task is claimed, attempted and ended, or attempted again.

use std::time::Duration;

use crate::local::slots::Hand;
use crate::model::message::TaskMessage;
use crate::model::task::HandedOver;
use crate::records::{RecordError, Versioned};
use crate::worker::again::{Next, Step, ask_the_record, everything};
use crate::worker::attempting::Attempting;
use crate::worker::ending::broken_off;
use crate::worker::hold::Hold;
use crate::worker::outcome::Outcome;
use crate::worker::parts::Worker;
use ports::crash::{CrashPoint, crash_point};
use ports::{Delivery, Settle};

impl Worker {
    /// Runs one attempt and says what is to become of the message: once a slot is free, for which it
    /// waits for so long. Lets go of what is in `hand` once the work is computed, or waits for something else
    /// than this process. A message that we hold is settled with its record, in one write where the store can.
    pub(crate) async fn run(
        &self,
        message: TaskMessage<'_>,
        delivery: &Delivery,
        hold: &Hold,
        patience: Duration,
        hand: Hand<impl Send>,
    ) -> Outcome {
        let id = message.id;
        let ended = self
            .run_message(message, delivery, hold, patience, hand)
            .await;
        ended.unwrap_or_else(|error| {
            log::warn!("task.id" = id, "dequeue.count" = delivery.dequeue_count; "attempt broken off: {error}");
            broken_off(&error, delivery)
        })
    }

    async fn run_message(
        &self,
        mut message: TaskMessage<'_>,
        delivery: &Delivery,
        hold: &Hold,
        patience: Duration,
        mut hand: Hand<impl Send>,
    ) -> Result<Outcome, RecordError> {
        let id = message.id;
        if let Some(left) = self.is_early(message.due_at, delivery.inserted_at) {
            log::debug!("task.id" = id; "message came before its time");
            return Ok(self.too_early(message, delivery, left));
        }
        let must_read = self.must_read(&message, delivery);
        let marked = message.handed_over;
        let count = message.count.delivered(delivery.dequeue_count);
        let others = std::mem::take(&mut message.others);
        let claimed = if must_read {
            self.find_unfinished(message, delivery.inserted_at).await?
        } else {
            Some(self.first_version(message, delivery.inserted_at))
        };
        let Some(mut task) = claimed else {
            log::info!("task.id" = id, attempt = count.attempts; "task has ended already");
            return Ok(Outcome::Done);
        };
        if task.record.instance.is_some() {
            // The message does not tell that: what it asks for is all that is open.
            return Ok(everything(&task));
        }
        let due_at = task.record.due_at();
        if let Some(left) = self.is_early(due_at, delivery.inserted_at)
            && let Ok(message) = TaskMessage::parse(&delivery.text)
        {
            log::debug!("task.id" = id; "message came before its task's time");
            let message = TaskMessage { due_at, ..message };
            return Ok(self.too_early(message, delivery, left));
        }
        if self.lives_elsewhere(&task.record, count.attempts)
            && let Ok(message) = TaskMessage::parse(&delivery.text)
        {
            log::info!("task.id" = id, attempt = count.attempts; "another attempt at the task is alive");
            return Ok(self.while_it_lives(message, delivery));
        }
        let overdue = match self.still_handed_over(&task, marked, delivery.inserted_at) {
            Ok(overdue) => overdue,
            Err(outcome) => return Ok(outcome),
        };
        // An attempt whose time is over is none that begins.
        let count = overdue.map_or(count, HandedOver::count);
        let attempt = count.at_least(task.record.attempts).attempts;
        task.record.attempts = attempt;
        // Others may begin attempts meanwhile, of which the record knows.
        let counted = |task: &Versioned| count.at_least(task.record.attempts);
        let work = match overdue {
            Some(_) => Err(self.overdue(&task.record.kind, count)),
            None => self
                .work_of(&task.record)
                .map_err(|error| self.step_without_work(error, &task, counted(&task))),
        };
        let (step, took) = match work {
            Ok(work) => {
                let (ended, took) = self
                    .attempts
                    .run(
                        work,
                        Attempting::Task(&mut task),
                        &self.records,
                        patience,
                        &mut hand,
                    )
                    .await;
                drop(hand);
                if let Some(came_out) = ended.came_out() {
                    let metrics = &self.endings.metrics;
                    metrics.attempt_ended(&task.record.kind, came_out);
                }
                crash_point(CrashPoint::AfterWork);
                let step = self.step(&task.record.kind, ended, counted(&task));
                (step, Some(took))
            }
            Err(step) => (step, None),
        };
        let next = match step {
            Step::End(state, outcome) => {
                let how = match &outcome {
                    Outcome::Spent { reason } => Settle::DeadLetter {
                        text: &delivery.text,
                        reason,
                    },
                    _ => Settle::Done,
                };
                let other_work = self.end(task, state, took, Some((hold, how))).await?;
                return Ok(other_work.map_or(outcome, |task| ask_the_record(&task)));
            }
            Step::HandOver { percent, left } => {
                return self.hand_over(&mut task, percent, left, count.spent).await;
            }
            Step::AskTheRecord => return Ok(ask_the_record(&task)),
            Step::PutOff(after) => {
                let next = Next::put_off(counted(&task), after);
                return self.put_off(&mut task, next, others, delivery, hold).await;
            }
            Step::Stopped if self.has_ended(&task).await? => {
                log::info!("task.id" = id, attempt, "trace.id" = task.record.trace_id(); "attempt stopped, task has ended");
                return Ok(Outcome::Done);
            }
            Step::Stopped => Next::released(counted(&task), "it was told to stop"),
            Step::Again(next) => next,
        };
        self.again(&mut task, next, others, hold).await
    }

    /// Whether the round of a task that was told to stop is over, by its record: no message is settled
    /// on the word of anything else. That a task was canceled here is remembered longer than the task,
    /// whose id somebody may send again.
    async fn has_ended(&self, task: &Versioned) -> Result<bool, RecordError> {
        let id = task.record.id;
        let now = self.records.read(id).await?;
        let is_open = match now {
            Some(now) => {
                if now.record.status().is_terminal() {
                    self.notices.tell(&now.record).await?;
                }
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

    /// Whether the process was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_told()
    }
}
