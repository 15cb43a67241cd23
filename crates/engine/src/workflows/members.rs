//! The members of a fan-out: sent, each with its input, and done like steps of their own. Many are sent by those
//! who get a range of them; quick ones are done some in one message.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Workflows;
use super::advance::Turn;
use super::standing::{Standing, part_of};
use super::step::{Asked, Came, StepEndOf};
use super::stuck::Stuck;
use crate::limits::{MAX_TALLY_ENTRY, MEMBERS_IN_RANGE, QUICK_MEMBERS};
use crate::local::slots::Hand;
use crate::model::count::Count;
use crate::model::instance::{Cause, Key, Parent, Payload, Purpose, StepEnd, part_name};
use crate::model::message::TaskMessage;
use crate::records::Outgoing;
use crate::worker::Outcome;
use crate::worker::hold::Hold;
use ports::crash::{CrashPoint, crash_point};
use ports::{Delivery, StorageError};
use work::any::Prepared;
use work::workflow::StepError;
use work::workflow::replay::{Command, Open};

/// Members that a message brings.
pub(super) struct Range {
    pub(super) step: u32,
    pub(super) members: ops::Range<u32>,
    /// How many there are in all.
    pub(super) of: u32,
    /// How many messages bring them.
    pub(super) adds: u32,
    pub(super) generation: u32,
}

/// What a member gave, as a tally has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Gave {
    /// Which member.
    #[serde(rename = "m")]
    pub(super) member: u32,
    /// What it gave.
    pub(super) end: StepEnd,
}

impl Range {
    /// The fan-out, as its members know it.
    pub(super) fn parent(&self, message: &TaskMessage<'_>) -> Parent {
        Parent {
            id: message.id,
            step: self.step,
            member: None,
            of: self.of,
            adds: self.adds,
            generation: self.generation,
            retries: message.retries,
        }
    }

    fn length(&self) -> u32 {
        self.members.end.saturating_sub(self.members.start)
    }
}

/// The name of the tally of a fan-out.
pub(super) fn tally_of(parent: &Parent) -> String {
    part_name(parent.id, &part_of('t', parent))
}

impl Workflows {
    /// Sends the members of a fan-out; those that are not there yet, if some may be.
    pub(super) async fn fan_out(
        &self,
        standing: &Standing,
        open: &Open,
        is_again: bool,
    ) -> Result<(), Stuck> {
        let Command::All { name, inputs } = &*open.command else {
            return Ok(());
        };
        let parent = standing.parent(open.step, None);
        let tally = tally_of(&parent);
        self.parts.tallies.open(&tally).await?;
        crash_point(CrashPoint::FlowAfterTally);
        let (done, lines) = match is_again {
            true => self.gathered(&tally).await?.unwrap_or_default().into(),
            false => (HashSet::new(), 0),
        };
        let of = inputs.len().try_into().unwrap_or(u32::MAX);
        let whole = Range {
            step: open.step,
            members: 0..of,
            of,
            adds: lines,
            generation: parent.generation,
        };
        let sends = self.sends_of(standing, (open, name, inputs), whole, &done);
        self.send_in_pages(&sends).await
    }

    async fn send_in_pages(&self, sends: &[Outgoing]) -> Result<(), Stuck> {
        for page in sends.chunks(MEMBERS_IN_RANGE as usize) {
            self.send(page.to_vec()).await?;
        }
        Ok(())
    }

    /// The messages for a range of members, without those that are done: each by itself, or for a part of them
    /// if that is many.
    fn sends_of(
        &self,
        standing: &Standing,
        (open, name, inputs): (&Open, &str, &[Box<RawValue>]),
        range: Range,
        done: &HashSet<u32>,
    ) -> Vec<Outgoing> {
        let batch = self.batch(name, inputs);
        let is_child = self.is_workflow(name);
        let pages = |size: u32| {
            let members = range.members.clone();
            members.step_by(size as usize).map({
                let end = range.members.end;
                move |from| from..end.min(from.saturating_add(size))
            })
        };
        let is_done =
            |members: &ops::Range<u32>| members.clone().all(|member| done.contains(&member));
        let is_whole = range.length() == range.of;
        let messages = pages(batch).filter(|members| !is_done(members)).count();
        let adds = match is_whole {
            true => range
                .adds
                .saturating_add(messages.try_into().unwrap_or(u32::MAX)),
            false => range.adds,
        };
        let purpose = |members: ops::Range<u32>| Purpose::Members {
            step: range.step,
            from: members.start,
            to: members.end,
            of: range.of,
            adds,
        };
        // What is sent again goes by itself: a range knows of none that is done.
        if messages > MEMBERS_IN_RANGE as usize && is_whole && done.is_empty() {
            let parts = pages(MEMBERS_IN_RANGE * batch);
            return parts
                .map(|members| {
                    let message = TaskMessage::about(standing.record(), purpose(members));
                    self.outgoing(&message, name)
                })
                .collect();
        }
        let mut sends = Vec::new();
        for members in pages(batch) {
            if is_done(&members) {
                continue;
            }
            let input = match members.len() {
                1 => inputs.get(members.start as usize),
                _ => None,
            };
            let record = standing.record();
            let message = match input {
                Some(input) if is_child => {
                    let member = members.start;
                    let parent = Parent {
                        of: range.of,
                        adds,
                        ..standing.parent(range.step, Some(member))
                    };
                    TaskMessage {
                        id: standing.child_id(open, Some(member)),
                        ..self.child_start(record, name, input, parent)
                    }
                }
                input => TaskMessage {
                    kind: Some(Cow::Borrowed(name)),
                    input: input.map(|input| Cow::Borrowed(&**input)),
                    ..TaskMessage::about(record, purpose(members))
                },
            };
            sends.push(self.outgoing(&message, name));
        }
        sends
    }

    /// How many members of a kind one message brings.
    fn batch(&self, name: &str, inputs: &[Box<RawValue>]) -> u32 {
        let kind = self.worker().kinds.get(name);
        let first = kind.zip(inputs.first());
        let prepared = first.map(|(kind, input)| Arc::clone(&kind.kind).prepare(input));
        match prepared {
            Some(Ok(Prepared::Quick(_))) => QUICK_MEMBERS,
            _ => 1,
        }
    }

    /// Does members, or sends them each by itself.
    #[expect(clippy::too_many_arguments, reason = "what a delivery consists of")]
    pub(super) async fn members(
        &self,
        message: TaskMessage<'static>,
        range: Range,
        count: Count,
        delivery: &Delivery,
        hold: &Hold,
        patience: Duration,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Result<Outcome, Stuck> {
        let parent = range.parent(&message);
        let tally = tally_of(&parent);
        let is_again = delivery.dequeue_count > 1;
        let (done, _) = match is_again {
            true => match self.gathered(&tally).await? {
                Some(gathered) => gathered.into(),
                None => return Ok(Outcome::Done),
            },
            false => (HashSet::new(), 0),
        };
        let own = match (range.length(), &message.kind, &message.input) {
            (1, Some(kind), Some(input)) => Some((Arc::from(&**kind), vec![(**input).to_owned()])),
            _ => None,
        };
        let (name, inputs): (Arc<str>, Vec<Box<RawValue>>) = match own {
            Some(own) => own,
            None => {
                let turn = self.turn_of(&parent, hold, is_again);
                let standing = match self.find(&turn).await? {
                    Ok(standing) => standing,
                    Err(over) => return self.over(&turn, over).await,
                };
                let open = standing
                    .open()
                    .into_iter()
                    .find(|open| open.step == range.step);
                let Some(open) = open else {
                    // All are done: what follows from that may not have been sent.
                    return Box::pin(self.take(turn, Some(*standing), None, patience, hand)).await;
                };
                let Command::All { name, inputs } = &*open.command else {
                    return Ok(Outcome::Done);
                };
                let batch = self.batch(name, inputs);
                if range.length() > batch {
                    let sends = self.sends_of(&standing, (&open, name, inputs), range, &done);
                    self.send_in_pages(&sends).await?;
                    crash_point(CrashPoint::FlowAfterRange);
                    return Ok(Outcome::Done);
                }
                let members = range.members.start as usize..range.members.end as usize;
                let inputs = inputs.get(members).unwrap_or_default();
                (Arc::clone(name), inputs.to_vec())
            }
        };
        let mut gave = Vec::new();
        let mut again = Vec::new();
        for (member, input) in range.members.clone().zip(&inputs) {
            if done.contains(&member) {
                continue;
            }
            let asked = Asked {
                name: &name,
                input,
                retry: None,
                time_limit: None,
                of: Parent {
                    member: Some(member),
                    ..parent.clone()
                },
                traceparent: message.traceparent.as_deref().map(ToOwned::to_owned),
            };
            match self.attempt(asked, count, patience, hand).await {
                Came::To(end) => gave.push((member, end)),
                Came::Again { after, count } => again.push((member, input, after, count)),
                Came::Stopped => {
                    let turn = self.turn_of(&parent, hold, true);
                    if let Err(over) = self.find(&turn).await? {
                        return self.over(&turn, over).await;
                    }
                    self.worker().running.forget(parent.id);
                    again.push((member, input, Duration::ZERO, count.released()));
                }
            }
        }
        crash_point(CrashPoint::AfterWork);
        let mut sends = Vec::new();
        let mut until = None;
        for (member, input, after, count) in again {
            let now = self.worker().clock.now();
            until = until.max((!after.is_zero()).then(|| now + after));
            let message = TaskMessage {
                id: message.id,
                kind: Some(Cow::Borrowed(&*name)),
                input: Some(Cow::Borrowed(&**input)),
                count,
                retries: message.retries,
                traceparent: message.traceparent.clone(),
                due_at: (!after.is_zero()).then(|| now + after),
                cause: Some(Box::new(Cause {
                    generation: range.generation,
                    parent: None,
                    purpose: Purpose::Members {
                        step: range.step,
                        from: member,
                        to: member + 1,
                        of: range.of,
                        adds: range.adds,
                    },
                })),
                ..TaskMessage::naming(message.id)
            };
            sends.push(self.outgoing(&message, &name));
        }
        self.send(sends).await?;
        if let Some(until) = until {
            self.postpone(parent.id, until).await?;
        }
        if !gave.is_empty() || is_again {
            self.give(&parent, range.adds, gave, hold, hand).await?;
        }
        Ok(Outcome::Done)
    }

    /// Adds what members gave to the tally, and does the turn of the instance if that was the last of it.
    pub(super) async fn give(
        &self,
        parent: &Parent,
        adds: u32,
        gave: Vec<(u32, StepEndOf)>,
        hold: &Hold,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Result<(), Stuck> {
        let tally = tally_of(parent);
        let mut entry = Vec::with_capacity(gave.len());
        let most = MAX_TALLY_ENTRY / 2 / gave.len().max(1);
        for (member, end) in gave {
            let end = match end {
                Ok(result) if result.get().len() > most => {
                    let part = format!("{}-{member}", part_of('m', parent));
                    let part = self.store_part(parent.id, &part, result).await?;
                    StepEnd::Ok(part)
                }
                Ok(result) => StepEnd::Ok(Payload::Is(result)),
                Err(error) => StepEnd::Err(error),
            };
            entry.push(Gave { member, end });
        }
        let count = self.add(&tally, &entry).await?;
        crash_point(CrashPoint::FlowAfterAdd);
        let Some(ends) = self.look(&tally, parent, adds, count).await? else {
            return Ok(());
        };
        let ends = self.payload(parent.id, &part_of('a', parent), ends).await?;
        let arriving = super::standing::Arriving::All(parent.step, ends);
        self.arrive(parent, arriving, hold, hand).await
    }

    /// Lets members fail whose message was given up.
    pub(super) async fn give_up_members(
        &self,
        message: &TaskMessage<'_>,
        range: Range,
        error: &StepError,
        hold: &Hold,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Result<(), Stuck> {
        let parent = range.parent(message);
        let gathered = self.gathered(&tally_of(&parent)).await?;
        let Some((done, _)) = gathered.map(<(HashSet<u32>, u32)>::from) else {
            return Ok(());
        };
        let missing = range
            .members
            .clone()
            .filter(|member| !done.contains(member));
        let gave: Vec<_> = missing.map(|member| (member, Err(error.clone()))).collect();
        self.give(&parent, range.adds, gave, hold, hand).await
    }

    /// Keeps what members gave who did not fail, for the round that begins.
    pub(super) async fn keep_members(
        &self,
        standing: &Standing,
        step: u32,
        ends: &[StepEnd],
    ) -> Result<(), StorageError> {
        let tally = tally_of(&standing.parent(step, None));
        self.parts.tallies.open(&tally).await?;
        let mut entry = Vec::new();
        let mut length = 0;
        for (member, end) in (0..).zip(ends) {
            let StepEnd::Ok(Payload::Is(text)) = end else {
                continue;
            };
            if length + text.get().len() > MAX_TALLY_ENTRY / 2 {
                self.add(&tally, &std::mem::take(&mut entry)).await?;
                length = 0;
            }
            length += text.get().len() + 32;
            let end = end.clone();
            entry.push(Gave { member, end });
        }
        if !entry.is_empty() {
            self.add(&tally, &entry).await?;
        }
        Ok(())
    }

    /// The turn of an instance by whoever holds the message of a member.
    pub(super) fn turn_of<'a>(&self, parent: &Parent, hold: &'a Hold, is_again: bool) -> Turn<'a> {
        Turn {
            key: Key::Step(parent.step),
            everything: false,
            is_again,
            generation: Some(parent.generation),
            retries: Some(parent.retries),
            id: parent.id,
            hold,
            begun: Instant::now(),
            pending: Vec::new(),
            appended: 0,
            seen_to: HashSet::new(),
            written: Instant::now(),
        }
    }
}
