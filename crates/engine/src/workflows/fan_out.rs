//! The messages of a fan-out: each member has one with its input, and quick ones share some. Many are not sent at
//! once: whoever gets the message of a range sends the first of it, and behind them a message for the rest.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde_json::value::{RawValue, to_raw_value};

use super::Workflows;
use super::gather::tally_of;
use super::sends::Starts;
use super::standing::Standing;
use super::stuck::Stuck;
use crate::limits::{MEMBERS_IN_RANGE, QUICK_MEMBERS, RANGES_SIDE_BY_SIDE, WALK_CONCURRENCY};
use crate::model::instance::{Parent, Purpose};
use crate::model::message::TaskMessage;
use crate::records::{Outgoing, RecordError};
use ports::crash::{CrashPoint, crash_point};
use work::any::Prepared;
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
    /// Whether some may be done already.
    pub(super) again: bool,
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

    pub(super) fn length(&self) -> u32 {
        self.members.end.saturating_sub(self.members.start)
    }

    /// What a message says that brings some of them.
    pub(super) fn purpose(&self, members: ops::Range<u32>, again: bool) -> Purpose {
        Purpose::Members {
            step: self.step,
            from: members.start,
            to: members.end,
            of: self.of,
            adds: self.adds,
            again,
        }
    }
}

impl Workflows {
    /// Sends the members of a fan-out; those that are not there yet, if some may be.
    pub(super) async fn fan_out(
        &self,
        standing: &Standing,
        open: &Open,
        again: bool,
    ) -> Result<(), Stuck> {
        let Command::All { name, inputs } = &*open.command else {
            return Ok(());
        };
        let parent = standing.parent(open.step, None);
        let tally = tally_of(&parent);
        self.parts.tallies.open(&tally).await?;
        crash_point(CrashPoint::FlowAfterTally);
        let (done, lines) = match again {
            true => self.gathered(&tally).await?.unwrap_or_default().into(),
            false => (HashSet::new(), 0),
        };
        let of = inputs.len().try_into().unwrap_or(u32::MAX);
        let batch = self.batch(name, inputs);
        let missing = pages(&(0..of), batch).filter(|members| !are_done(members, &done));
        let messages = u32::try_from(missing.count()).unwrap_or(u32::MAX);
        let whole = Range {
            step: open.step,
            members: 0..of,
            of,
            adds: lines.saturating_add(messages),
            generation: parent.generation,
            again,
        };
        if messages == 0 {
            // Whoever added the last of it may have died before it looked: somebody has to.
            let look = self.range_message(standing, &whole, 0..of.min(batch));
            return self.send([look]).await;
        }
        if messages <= MEMBERS_IN_RANGE {
            let sends = self.sends_of(standing, (open, name, inputs), &whole, &done);
            return self.send(sends.await?).await;
        }
        let ranges = messages.div_ceil(MEMBERS_IN_RANGE);
        let ranges = ranges.min(RANGES_SIDE_BY_SIDE);
        let in_range = of.div_ceil(batch).div_ceil(ranges).saturating_mul(batch);
        let sends = pages(&whole.members, in_range);
        let sends = sends.map(|members| self.range_message(standing, &whole, members));
        self.send(sends.collect::<Vec<_>>()).await
    }

    /// Sends the first messages of a range, and behind them one for the rest.
    pub(super) async fn send_range(
        &self,
        standing: &Standing,
        called: (&Open, &str, &[Box<RawValue>]),
        (range, batch): (Range, u32),
        done: &HashSet<u32>,
    ) -> Result<(), Stuck> {
        let ops::Range { start, end } = range.members;
        let middle = end.min(start.saturating_add(MEMBERS_IN_RANGE * batch));
        let first = Range {
            members: start..middle,
            ..range
        };
        let sends = self.sends_of(standing, called, &first, done);
        self.send(sends.await?).await?;
        crash_point(CrashPoint::FlowAfterRange);
        if middle < end {
            let shown = standing.record().updated_at;
            self.show_before_send(standing.id(), Some(shown)).await?;
            let rest = self.range_message(standing, &first, middle..end);
            self.send([rest]).await?;
        }
        Ok(())
    }

    /// A message for members whose inputs are found by whoever gets it.
    fn range_message(
        &self,
        standing: &Standing,
        range: &Range,
        members: ops::Range<u32>,
    ) -> Outgoing {
        let record = standing.record();
        let message = TaskMessage::about(record, range.purpose(members, range.again));
        self.outgoing(&message, &record.kind)
    }

    /// The messages for a range of members, without those that are done: each by itself, or quick ones some in one.
    async fn sends_of(
        &self,
        standing: &Standing,
        (open, name, inputs): (&Open, &str, &[Box<RawValue>]),
        range: &Range,
        done: &HashSet<u32>,
    ) -> Result<Vec<Outgoing>, Stuck> {
        let batch = self.batch(name, inputs);
        let missing = pages(&range.members, batch).filter(|members| !are_done(members, done));
        if self.is_workflow(name) {
            let missing: Vec<u32> = missing.map(|members| members.start).collect();
            return self
                .starts_of(standing, (open, name, inputs), range, missing)
                .await;
        }
        let record = standing.record();
        let sends = missing.map(|members| {
            let (first, end) = (members.start as usize, members.end as usize);
            let input = match inputs.get(first..end).unwrap_or_default() {
                [input] => Some(Cow::Borrowed(&**input)),
                // What does not fit into a message is found by whoever gets it.
                several => to_raw_value(several).ok().map(Cow::Owned),
            };
            let is_begun = members.clone().any(|member| done.contains(&member));
            let message = TaskMessage {
                kind: Some(Cow::Borrowed(name)),
                input,
                ..TaskMessage::about(record, range.purpose(members, is_begun))
            };
            self.outgoing(&message, name)
        });
        Ok(sends.collect())
    }

    /// The messages that begin these members, which are instances.
    async fn starts_of(
        &self,
        standing: &Standing,
        (open, name, inputs): (&Open, &str, &[Box<RawValue>]),
        range: &Range,
        missing: Vec<u32>,
    ) -> Result<Vec<Outgoing>, Stuck> {
        let of_members = missing.into_iter().map(|member| async move {
            let child = standing.child_id(open, Some(member));
            let starts = match range.again {
                true => self.starts(standing, child).await?,
                false => Starts::New,
            };
            Ok::<_, RecordError>((member, child, starts))
        });
        let mut of_members = stream::iter(of_members).buffered(WALK_CONCURRENCY);
        let mut sends = Vec::new();
        while let Some(starts) = of_members.next().await {
            let (member, id, starts) = starts?;
            let input = match starts {
                Starts::Not => continue,
                Starts::New => inputs.get(member as usize).map(|input| &**input),
                // Without its input, whoever gets it looks at the record.
                Starts::Again => None,
            };
            let parent = Parent {
                of: range.of,
                adds: range.adds,
                ..standing.parent(range.step, Some(member))
            };
            let message = TaskMessage {
                id,
                ..self.child_start(standing.record(), name, input, parent)
            };
            sends.push(self.outgoing(&message, name));
        }
        Ok(sends)
    }

    /// How many members of a kind one message brings.
    pub(super) fn batch(&self, name: &str, inputs: &[Box<RawValue>]) -> u32 {
        let kind = self.worker().kinds.get(name);
        let first = kind.zip(inputs.first());
        let prepared = first.map(|(kind, input)| Arc::clone(&kind.kind).prepare(input));
        match prepared {
            Some(Ok(Prepared::Quick(_))) => QUICK_MEMBERS,
            _ => 1,
        }
    }
}

/// Members, in pages of a size.
fn pages(members: &ops::Range<u32>, size: u32) -> impl Iterator<Item = ops::Range<u32>> + use<> {
    let end = members.end;
    let starts = members.clone().step_by(size as usize);
    starts.map(move |from| from..end.min(from.saturating_add(size)))
}

pub(super) fn are_done(members: &ops::Range<u32>, done: &HashSet<u32>) -> bool {
    members.clone().all(|member| done.contains(&member))
}
