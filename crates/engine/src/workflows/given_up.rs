//! Messages that came to nothing: their instance cannot go on, or they were given up after their last delivery. What
//! they stood for has failed.

use std::time::Duration;

use super::Workflows;
use super::advance::Turn;
use super::fan_out::Range;
use super::standing::Arriving;
use super::stuck::{Stuck, step_error};
use crate::limits::{MAX_ATTEMPTS, TURN_TRIES};
use crate::local::slots::Hand;
use crate::model::instance::{Arrived, Entry, Key, Parent, Purpose, StepEnd};
use crate::model::message::TaskMessage;
use crate::model::task::{TaskError, TaskRecord, TaskState};
use crate::policies::wait_after;
use crate::records::RecordError;
use crate::worker::Outcome;
use crate::worker::hold::Hold;
use ports::{Delivery, StorageError, Timestamp};

impl Workflows {
    /// What becomes of a message whose instance cannot go on: it is tried again, for another process or a later
    /// one may have the code for it; in the end the instance has failed.
    pub(super) async fn stuck(
        &self,
        delivery: &Delivery,
        error: TaskError,
        may_pass: bool,
    ) -> Result<Outcome, RecordError> {
        let worker = self.worker();
        let Ok(message) = TaskMessage::parse(&delivery.text) else {
            return Ok(Outcome::Poison { reason: error.code });
        };
        let count = message.count.delivered(delivery.dequeue_count);
        let id = message.id;
        log::warn!("task.id" = id, attempt = count.spent; "instance cannot go on: {}: {}", error.code, error.message);
        if may_pass && !count.is_spent(MAX_ATTEMPTS) {
            let kind = message.kind.clone().unwrap_or_default();
            let after = wait_after(&worker.kinds, &kind, count.spent);
            let message = TaskMessage {
                count: count.failed(),
                ..message
            };
            return Ok(Outcome::Again {
                message: Some(message.to_text()),
                queue: None,
                after,
                reason: error.code,
            });
        }
        let hold = Hold::new(worker.queues.main(), None);
        let turn = self.turn_of(&Parent::of_nobody(id), &hold, true);
        match self.fail(&turn, &message, error).await {
            Ok(()) => Ok(Outcome::Done),
            Err(Stuck::Record(error)) => Err(error),
            Err(Stuck::Code { error, .. }) => {
                log::warn!("task.id" = id; "the end of an instance cannot be told to whom it belongs: {}", error.code);
                Ok(Outcome::Done)
            }
        }
    }

    /// Ends an instance in whose round a message was given up.
    async fn fail(
        &self,
        turn: &Turn<'_>,
        message: &TaskMessage<'_>,
        error: TaskError,
    ) -> Result<(), Stuck> {
        let worker = self.worker();
        let _lock = self.parts.locks.of(turn.id).await;
        for _ in 0..TURN_TRIES {
            let Some(mut task) = worker.records.read(turn.id).await? else {
                return self.fail_before_it_began(turn, message, error).await;
            };
            if is_older(message, &task.record) {
                return Ok(());
            }
            let is_open = !task.record.status().is_terminal();
            if is_open {
                let error = error.clone();
                task.record.state = TaskState::Failed { error };
                keep_event(&mut task.record, message, worker.clock.now());
                if !worker.records.replace(&mut task).await? {
                    continue;
                }
                worker.ended(task.clone(), None).await?;
            }
            let mut hand = Hand::holding((), &turn.hold.queue.aside).boxed();
            return self.tell_parent(&task.record, turn.hold, &mut hand).await;
        }
        Err(StorageError::transient("fail instance", "it keeps changing").into())
    }

    /// Ends an instance that has no record, because it is a step of another and could not begin: whoever waits for it
    /// is told.
    async fn fail_before_it_began(
        &self,
        turn: &Turn<'_>,
        message: &TaskMessage<'_>,
        error: TaskError,
    ) -> Result<(), Stuck> {
        let worker = self.worker();
        let cause = message.cause.as_deref();
        let Some(parent) = cause.and_then(|cause| cause.parent.clone()) else {
            return Ok(());
        };
        let state = TaskState::Failed { error };
        let mut task = self.not_begun(message.clone(), parent, state);
        let written = worker.records.advance(&mut task, &[], None).await;
        if written.map_err(RecordError::from)?.is_none() {
            return Err(StorageError::transient("fail instance", "it has just begun").into());
        }
        worker.ended(task.clone(), None).await?;
        let mut hand = Hand::holding((), &turn.hold.queue.aside).boxed();
        self.tell_parent(&task.record, turn.hold, &mut hand).await
    }

    /// Sees to what follows from a message that was given up: its step has failed, or its instance has.
    pub(super) async fn give_up(&self, message: TaskMessage<'static>) -> Result<(), Stuck> {
        let worker = self.worker();
        let cause = message.cause.as_deref().cloned().unwrap_or_default();
        let dead = step_error(
            "DeadLettered",
            "the step was given up after its last attempt",
        );
        let hold = Hold::new(worker.queues.main(), None);
        let mut hand = Hand::holding((), &worker.queues.main().aside).boxed();
        let of = |step: u32| Parent {
            step,
            generation: cause.generation,
            retries: message.retries,
            ..Parent::of_nobody(message.id)
        };
        match cause.purpose {
            Purpose::Step(step) => {
                let mut turn = self.turn_of(&of(step), &hold, true);
                turn.pending.push(Arriving::Done(step, StepEnd::Err(dead)));
                let taken = self.take(turn, None, None, Duration::ZERO, &mut hand).await;
                taken.map(drop)
            }
            Purpose::Members {
                step,
                from,
                to,
                of,
                adds,
                ..
            } => {
                let range = Range {
                    step,
                    members: from..to,
                    of,
                    adds,
                    generation: cause.generation,
                    again: true,
                };
                self.give_up_members(&message, range, &dead, &hold, &mut hand)
                    .await
            }
            _ => {
                let turn = self.turn_of(&of(0), &hold, true);
                let error = TaskError {
                    code: "DeadLettered".to_owned(),
                    message: "the task was given up after its last attempt".to_owned(),
                };
                self.fail(&turn, &message, error).await
            }
        }
    }
}

/// Whether a message is of a round that is over. Who starts a step of its own knows of no rounds but its own.
fn is_older(message: &TaskMessage<'_>, now: &TaskRecord) -> bool {
    let of = message
        .cause
        .as_deref()
        .and_then(|cause| cause.parent.as_ref());
    let is_of = now.instance.as_ref().and_then(|now| now.parent.as_deref());
    match of.zip(is_of) {
        Some((then, now)) => then.retries < now.retries,
        None => message.retries < now.retries,
    }
}

/// Keeps the event that a message brings, for when the instance is rewound: whoever sent it was told that it is
/// kept.
fn keep_event(record: &mut TaskRecord, message: &TaskMessage<'_>, at: Timestamp) {
    let cause = message.cause.as_deref();
    let Some((Purpose::Event { id, name, data }, instance)) = cause
        .map(|cause| &cause.purpose)
        .zip(record.instance.as_mut())
    else {
        return;
    };
    if !instance.has_event(id) {
        instance.journal.push(Entry {
            at,
            by: Key::Event(id.clone()),
            what: Arrived::Event {
                id: id.clone(),
                name: name.clone(),
                data: data.0.clone(),
            },
        });
    }
}
