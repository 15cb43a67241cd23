//! The members of a fan-out, done like steps of their own: what each gives goes into the tally of all.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::Workflows;
use super::advance::Turn;
use super::fan_out::{Range, are_done};
use super::gather::{Gave, tally_of};
use super::standing::{Standing, part_of};
use super::step::{Asked, Came, StepEndOf};
use super::stuck::Stuck;
use crate::limits::{MAX_TALLY_ENTRY, QUICK_MEMBERS};
use crate::local::slots::Hand;
use crate::model::count::Count;
use crate::model::instance::{Cause, Key, Parent, Payload, StepEnd};
use crate::model::message::TaskMessage;
use crate::worker::Outcome;
use crate::worker::hold::Hold;
use ports::StorageError;
use ports::crash::{CrashPoint, crash_point};
use work::workflow::StepError;
use work::workflow::replay::Command;

/// The inputs that a message brings along.
fn inputs_in(range: &Range, input: &RawValue) -> Option<Vec<Box<RawValue>>> {
    match range.length() {
        1 => Some(vec![input.to_owned()]),
        length => {
            let inputs: Vec<Box<RawValue>> = serde_json::from_str(input.get()).ok()?;
            (inputs.len() == length as usize).then_some(inputs)
        }
    }
}

impl Workflows {
    /// Does members, or sends them each by itself.
    pub(super) async fn members(
        &self,
        message: TaskMessage<'static>,
        range: Range,
        count: Count,
        hold: &Hold,
        patience: Duration,
        hand: &mut Hand<Box<dyn Send + '_>>,
    ) -> Result<Outcome, Stuck> {
        let parent = range.parent(&message);
        let tally = tally_of(&parent);
        let (done, _) = match range.again {
            true => match self.gathered(&tally).await? {
                Some(gathered) => gathered.into(),
                None => return Ok(Outcome::Done),
            },
            false => (HashSet::new(), 0),
        };
        let own = message.kind.as_deref().zip(message.input.as_deref());
        let own = own.and_then(|(kind, input)| Some((Arc::from(kind), inputs_in(&range, input)?)));
        let (name, inputs): (Arc<str>, Vec<Box<RawValue>>) = match own {
            Some(own) => own,
            None => {
                let turn = self.turn_of(&parent, hold, range.again);
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
                let has_messages = self.is_workflow(name) && !are_done(&range.members, &done);
                if range.length() > batch || has_messages {
                    let called = (&open, &**name, &**inputs);
                    self.send_range(&standing, called, (range, batch), &done)
                        .await?;
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
                begins: None,
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
                    purpose: range.purpose(member..member + 1, false),
                })),
                ..TaskMessage::naming(message.id)
            };
            sends.push(self.outgoing(&message, &name));
        }
        if !sends.is_empty() {
            self.show_before_send(parent.id, None).await?;
            self.send(sends).await?;
        }
        if let Some(until) = until {
            self.postpone(parent.id, until).await?;
        }
        // Where some may be done, the tally tells whether all are, and not how often somebody has added.
        let adds = if range.again { 0 } else { range.adds };
        if !gave.is_empty() || range.again {
            self.give(&parent, adds, gave, hold, hand).await?;
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
        if gave.is_empty() {
            // Whoever added the last of it may have died before it looked.
            return self.give(&parent, 0, gave, hold, hand).await;
        }
        // Those whose messages were not sent yet add each by itself, as often as their messages would have.
        let at_once = match message.input {
            Some(_) => QUICK_MEMBERS,
            None => 1,
        };
        for some in gave.chunks(at_once as usize) {
            self.give(&parent, range.adds, some.to_vec(), hold, hand)
                .await?;
        }
        Ok(())
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
