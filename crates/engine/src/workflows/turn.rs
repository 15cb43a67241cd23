//! One message of an instance: what arrives with it, what is written, what follows.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::Workflows;
use super::advance::{Advanced, Over, Turn};
use super::fan_out::Range;
use super::rounds::Joined;
use super::standing::{Arriving, Standing};
use super::step::Came;
use super::stuck::Stuck;
use crate::limits::{IN_HAND_WAIT, INLINE_TIME, POSTPONED_UNSHOWN, SIGN_BEFORE_SEND, TURN_TRIES};
use crate::local::slots::Hand;
use crate::model::count::Count;
use crate::model::id::TaskId;
use crate::model::instance::{Cause, Key, Parent, Purpose};
use crate::model::message::TaskMessage;
use crate::model::task::TaskState;
use crate::records::{Outgoing, RecordError};
use crate::worker::Outcome;
use crate::worker::ending::broken_off;
use crate::worker::hold::Hold;
use crate::worker::turns::{Given, Turns};
use ports::crash::{CrashPoint, crash_point};
use ports::{StorageError, Timestamp};
use work::BoxFuture;
use work::workflow::replay::{Command, Open};

/// A step that a turn is to begin with, and what is counted of its attempts.
type Todo = Option<(u32, Count)>;

impl Turns for Workflows {
    fn turn<'a>(&'a self, given: Given<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let delivery = given.delivery;
            let id = given.message.id;
            match self.work_on(given).await {
                Ok(outcome) => outcome,
                Err(Stuck::Record(error)) => {
                    log::warn!("task.id" = id, "dequeue.count" = delivery.dequeue_count; "turn broken off: {error}");
                    broken_off(&error, delivery)
                }
                Err(Stuck::Code { error, may_pass }) => {
                    let ended = self.stuck(delivery, error, may_pass).await;
                    ended.unwrap_or_else(|error| broken_off(&error, delivery))
                }
            }
        })
    }

    fn bury<'a>(&'a self, message: TaskMessage<'static>) -> BoxFuture<'a, Result<(), RecordError>> {
        Box::pin(async move {
            match self.give_up(message).await {
                Ok(()) => Ok(()),
                Err(Stuck::Record(error)) => Err(error),
                Err(Stuck::Code { error, .. }) => {
                    // The instance is told of with its next message.
                    log::warn!(
                        "a message that was given up cannot be told to its instance: {}",
                        error.code
                    );
                    Ok(())
                }
            }
        })
    }
}

impl Workflows {
    async fn work_on(&self, given: Given<'_>) -> Result<Outcome, Stuck> {
        let Given {
            mut message,
            delivery,
            hold,
            patience,
            mut hand,
        } = given;
        let worker = self.worker();
        if let Some(left) = worker.is_early(message.due_at, delivery.inserted_at) {
            return Ok(worker.too_early(message, delivery, left));
        }
        let cause = message.cause.take().map(|cause| *cause).unwrap_or_default();
        let Cause {
            generation,
            parent,
            purpose,
        } = cause;
        let mut turn = Turn {
            key: Key::Start,
            everything: false,
            is_again: delivery.dequeue_count > 1,
            generation: Some(generation),
            retries: Some(message.retries),
            id: message.id,
            hold,
            begun: Instant::now(),
            pending: Vec::new(),
            appended: 0,
            seen_to: HashSet::new(),
            written: Instant::now(),
        };
        let count = message.count.delivered(delivery.dequeue_count);
        let mut todo = None;
        match purpose {
            Purpose::Start => {
                // Only who waits for it in a later round may find that it has begun in an earlier one.
                if let Some(parent) = parent.as_ref().filter(|parent| parent.retries > 0) {
                    match self.join_round(&mut turn, parent, &message).await? {
                        Joined::Begins => {}
                        Joined::GoesOn => {
                            return self.take(turn, None, None, patience, &mut hand).await;
                        }
                        Joined::IsUnderWay => return Ok(Outcome::Done),
                    }
                }
                let first = self.first(message, parent, delivery).await?;
                return match first {
                    Some(first) => {
                        self.take(turn, Some(first), None, patience, &mut hand)
                            .await
                    }
                    None => self.take(turn, None, None, patience, &mut hand).await,
                };
            }
            Purpose::Step(step) => {
                turn.key = Key::Step(step);
                todo = Some((step, count));
            }
            Purpose::Members {
                step,
                from,
                to,
                of,
                adds,
                again,
            } => {
                let range = Range {
                    step,
                    members: from..to,
                    of,
                    adds,
                    generation,
                    again: again || turn.is_again,
                };
                return Box::pin(self.members(message, range, count, hold, patience, &mut hand))
                    .await;
            }
            Purpose::Timer(step) => {
                turn.key = Key::Step(step);
                turn.pending.push(Arriving::Fired(step));
            }
            Purpose::Event { id, name, data } => {
                turn.key = Key::Event(id.clone());
                (turn.generation, turn.retries) = (None, None);
                let data = data.0;
                turn.pending.push(Arriving::Event { id, name, data });
            }
            Purpose::Resumed(nth) => {
                turn.key = Key::Resumed(nth);
                (turn.generation, turn.retries) = (None, None);
            }
            Purpose::Everything => {
                turn.everything = true;
                (turn.generation, turn.retries) = (None, None);
            }
            Purpose::Canceled => return self.canceled(&turn).await,
        }
        self.take(turn, None, todo, patience, &mut hand).await
    }

    /// Takes a turn to its end: what has arrived is written, and what follows is done here or sent.
    pub(super) async fn take(
        &self,
        mut turn: Turn<'_>,
        first: Option<Standing>,
        todo: Todo,
        mut patience: Duration,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Result<Outcome, Stuck> {
        let mut standing = match first {
            Some(first) => first,
            None => match self.find(&turn).await? {
                Ok(standing) => *standing,
                Err(over) => return self.over(&turn, over).await,
            },
        };
        if standing.instance().rewinds {
            standing = match self.rewound(&mut turn, standing).await? {
                Ok(standing) => standing,
                Err(over) => return self.over(&turn, over).await,
            };
        }
        let mut next: Option<(Open, Count)> = todo.and_then(|(step, count)| {
            let open = standing.open().into_iter().find(|open| open.step == step);
            open.map(|open| (open, count))
        });
        let mut doing = None;
        loop {
            if let Some((open, count)) = next.take()
                && let Command::Call { name, .. } = &*open.command
            {
                doing = self.parts.under_way.begin(standing.name_of(open.step));
                if doing.is_none() {
                    return Ok(Outcome::Done);
                }
                match self.step(&standing, &open, count, patience, hand).await {
                    Came::To(end) => {
                        crash_point(CrashPoint::AfterWork);
                        let part = standing.part_of('d', open.step);
                        let end = self.ended(turn.id, part, end).await?;
                        turn.pending.push(Arriving::Done(open.step, end));
                    }
                    Came::Again { after, count } => {
                        let later = (after, count);
                        return self
                            .step_later(&mut turn, &mut standing, (&open, name), later)
                            .await;
                    }
                    Came::Stopped => {
                        // Unless the instance has ended, or the step is no longer wanted.
                        return match self.find(&turn).await? {
                            Err(over) => self.over(&turn, over).await,
                            Ok(now) if now.is_open(open.step) => {
                                self.worker().running.forget(turn.id);
                                let later = (Duration::ZERO, count.released());
                                self.step_later(&mut turn, &mut standing, (&open, name), later)
                                    .await
                            }
                            Ok(_) => Ok(Outcome::Done),
                        };
                    }
                }
                // Those that follow wait for no slot: others may have one.
                patience = patience.min(IN_HAND_WAIT);
            }
            let advanced = self.advance(&mut turn, &mut standing).await?;
            // What it gave is in the journal by now, or is repeated by this holder.
            drop(doing.take());
            match advanced {
                Advanced::Inline(open) => next = Some((open, Count::default().delivered(1))),
                Advanced::Waits => return Ok(Outcome::Done),
                Advanced::Ended => {
                    self.tell_parent(standing.record(), turn.hold, hand).await?;
                    return Ok(Outcome::Done);
                }
                Advanced::Anew if turn.begun.elapsed() < INLINE_TIME => {}
                Advanced::Anew => {
                    let record = standing.record();
                    let start =
                        self.outgoing(&TaskMessage::about(record, Purpose::Start), &record.kind);
                    self.send([start]).await?;
                    return Ok(Outcome::Done);
                }
                Advanced::Over(over) => return self.over(&turn, over).await,
            }
        }
    }

    /// Takes back what has failed, and writes that.
    async fn rewound(
        &self,
        turn: &mut Turn<'_>,
        mut standing: Standing,
    ) -> Result<Result<Standing, Over>, Stuck> {
        let _lock = self.parts.locks.of(turn.id).await;
        for _ in 0..TURN_TRIES {
            standing = self.rewind(standing).await?;
            if self.write(turn, &mut standing, &[]).await? {
                crash_point(CrashPoint::FlowAfterRewind);
                turn.everything = true;
                return Ok(Ok(standing));
            }
            standing = match self.find(turn).await? {
                Ok(now) if now.instance().rewinds => *now,
                Ok(now) => return Ok(Ok(*now)),
                Err(over) => return Ok(Err(over)),
            };
        }
        Err(StorageError::transient("rewind instance", "it keeps changing").into())
    }

    /// Writes what has arrived, if anything has, and sends these.
    pub(super) async fn flush(
        &self,
        turn: &mut Turn<'_>,
        standing: &mut Standing,
        sends: &[Outgoing],
    ) -> Result<(), Stuck> {
        if turn.pending.is_empty() && standing.task.etag.is_some() {
            let shown = standing.record().updated_at;
            self.show_before_send(turn.id, Some(shown)).await?;
            return self.send(sends).await;
        }
        let _lock = self.parts.locks.of(turn.id).await;
        for _ in 0..TURN_TRIES {
            standing.task.record.state = TaskState::Running {
                percent: None,
                handed_over: None,
            };
            if self.write(turn, standing, sends).await? {
                return Ok(());
            }
            turn.appended = 0;
            *standing = match self.find(turn).await? {
                Ok(now) => *now,
                Err(_) => return Ok(()),
            };
            while let Some(arriving) = turn.pending.get(turn.appended).cloned() {
                if standing.wants(&arriving) {
                    self.append(standing, arriving, turn.key.clone())?;
                    self.catch_up(standing).await?;
                    turn.appended += 1;
                } else {
                    turn.pending.remove(turn.appended);
                }
            }
        }
        Err(StorageError::transient("commit record", "it keeps changing").into())
    }

    /// Shows that a step is put off, so that its message, which nobody sees for so long, is not taken for lost.
    pub(super) async fn postpone(&self, id: TaskId, until: Timestamp) -> Result<(), Stuck> {
        let records = &self.worker().records;
        if until - records.now() < POSTPONED_UNSHOWN {
            return Ok(());
        }
        let _lock = self.parts.locks.of(id).await;
        for _ in 0..TURN_TRIES {
            let Some(mut task) = records.read(id).await? else {
                return Ok(());
            };
            let is_open = !task.record.status().is_terminal();
            let instance = task.record.instance.as_mut().filter(|_| is_open);
            let Some(instance) = instance.filter(|now| now.postponed_until < Some(until)) else {
                return Ok(());
            };
            instance.postponed_until = Some(until);
            task.record.state = TaskState::Running {
                percent: None,
                handed_over: None,
            };
            if records.replace(&mut task).await? {
                return Ok(());
            }
        }
        Err(StorageError::transient("put off step", "its instance keeps changing").into())
    }

    /// Shows that another message is about to be sent for a step that is under way; `shown` is when the record is known
    /// to have changed.
    pub(super) async fn show_before_send(
        &self,
        id: TaskId,
        shown: Option<Timestamp>,
    ) -> Result<(), RecordError> {
        let records = &self.worker().records;
        if shown.is_some_and(|shown| records.now() - shown < SIGN_BEFORE_SEND) {
            return Ok(());
        }
        records.leave_sign(id, SIGN_BEFORE_SEND).await.map(drop)
    }

    /// Sends messages that follow from what is written.
    pub(super) async fn send(&self, sends: impl AsRef<[Outgoing]>) -> Result<(), Stuck> {
        let sends = sends.as_ref();
        self.worker().records.send_all(sends).await?;
        self.sent(sends);
        Ok(())
    }

    /// What is to be done where a turn finds that its instance is elsewhere.
    pub(super) async fn over(&self, turn: &Turn<'_>, over: Over) -> Result<Outcome, Stuck> {
        match over {
            Over::Gone => {}
            Over::Ended(task) => {
                // Whoever ended it may have died before that was told.
                let worker = self.worker();
                worker.notices.tell(&task.record).await?;
                let mut hand = Hand::holding((), &turn.hold.queue.aside).boxed();
                self.tell_parent(&task.record, turn.hold, &mut hand).await?;
            }
            Over::Older(task) => {
                let generation = task.record.instance.as_ref().map(|now| now.generation);
                if turn.generation < generation {
                    // Whoever wrote that it begins anew may have died before it did.
                    let record = &task.record;
                    let start =
                        self.outgoing(&TaskMessage::about(record, Purpose::Start), &record.kind);
                    self.send([start]).await?;
                }
            }
        }
        log::info!("task.id" = turn.id; "message of an instance came to nothing: it has gone on");
        Ok(Outcome::Done)
    }

    /// Lets the instance of a parent know of something.
    pub(super) async fn arrive(
        &self,
        of: &Parent,
        arriving: Arriving,
        hold: &Hold,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Result<(), Stuck> {
        let mut turn = self.turn_of(of, hold, false);
        turn.pending.push(arriving);
        let taken = Box::pin(self.take(turn, None, None, IN_HAND_WAIT, hand)).await;
        taken.map(drop)
    }
}
