//! The messages that open steps need.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;

use super::Workflows;
use super::standing::Standing;
use crate::model::count::Count;
use crate::model::id::TaskId;
use crate::model::instance::{Cause, Parent, Purpose};
use crate::model::message::TaskMessage;
use crate::model::start::left;
use crate::model::task::TaskRecord;
use crate::queue::TaskQueue;
use crate::records::{Outgoing, RecordError};
use ports::Timestamp;
use work::workflow::replay::{Command, Open};

/// How an instance stands to the message that begins it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Starts {
    /// It needs none.
    Not,
    /// It has no record.
    New,
    /// It has a record, which that message is to be compared with.
    Again,
}

impl Workflows {
    /// The newest version of a workflow; 0 of what is none here.
    pub(super) fn version_of(&self, name: &str) -> u32 {
        let kind = self.worker().kinds.get(name);
        kind.and_then(|kind| kind.kind.version())
            .unwrap_or_default()
    }

    /// Whether a name is that of a workflow here.
    pub(super) fn is_workflow(&self, name: &str) -> bool {
        let kind = self.worker().kinds.get(name);
        kind.is_some_and(|kind| kind.kind.version().is_some())
    }

    /// The message that an open step needs, if it is one; a fan-out needs more, see
    /// [`fan_out`](Self::fan_out), and an event comes from outside.
    pub(super) fn send_of(
        &self,
        standing: &Standing,
        open: &Open,
        again: bool,
    ) -> Option<Outgoing> {
        match &*open.command {
            Command::Call { name, input, .. } if self.is_workflow(name) => {
                let parent = standing.parent(open.step, None);
                let child = standing.child_id(open, None);
                // Without its input, whoever gets it looks whether the instance has begun.
                let input = Some(&**input).filter(|_| !again);
                let message = TaskMessage {
                    id: child,
                    ..self.child_start(standing.record(), name, input, parent)
                };
                Some(self.outgoing(&message, name))
            }
            Command::Call { name, .. } => {
                let message = TaskMessage::about(standing.record(), Purpose::Step(open.step));
                Some(self.outgoing(&message, name))
            }
            Command::Timer { at } => {
                let message = TaskMessage {
                    due_at: Some((*at).into()),
                    ..TaskMessage::about(standing.record(), Purpose::Timer(open.step))
                };
                Some(self.outgoing(&message, &standing.record().kind))
            }
            Command::All { .. } | Command::Event { .. } => None,
        }
    }

    /// Without the instances that are under way: what they wait for is their own.
    pub(super) async fn without_begun(
        &self,
        standing: &Standing,
        steps: Vec<Open>,
    ) -> Result<Vec<Open>, RecordError> {
        let mut others = Vec::with_capacity(steps.len());
        for open in steps {
            let is_child = match &*open.command {
                Command::Call { name, .. } => self.is_workflow(name),
                _ => false,
            };
            let child = standing.child_id(&open, None);
            if !is_child || self.starts(standing, child).await? != Starts::Not {
                others.push(open);
            }
        }
        Ok(others)
    }

    /// Whether an instance that is a step of another needs the message that begins it, where it may have had one: not
    /// if it is under way in this round.
    pub(super) async fn starts(
        &self,
        standing: &Standing,
        child: TaskId,
    ) -> Result<Starts, RecordError> {
        let Some(task) = self.worker().records.read(child).await? else {
            return Ok(Starts::New);
        };
        let instance = task.record.instance.as_ref();
        let parent = instance.and_then(|instance| instance.parent.as_deref());
        let is_of_round = parent.is_some_and(|of| of.retries >= standing.record().retries);
        // One that has ended may not have told so.
        Ok(match !is_of_round || task.record.status().is_terminal() {
            true => Starts::Again,
            false => Starts::Not,
        })
    }

    /// The message that starts the instance of a step; its id is the caller's to give.
    pub(super) fn child_start<'a>(
        &self,
        of: &'a TaskRecord,
        name: &'a str,
        input: Option<&'a RawValue>,
        parent: Parent,
    ) -> TaskMessage<'a> {
        TaskMessage {
            kind: Some(Cow::Borrowed(name)),
            input: input.map(Cow::Borrowed),
            traceparent: of.traceparent.as_deref().map(Cow::Borrowed),
            cause: Some(Box::new(Cause {
                generation: 0,
                parent: Some(parent),
                purpose: Purpose::Start,
            })),
            ..TaskMessage::naming(of.id)
        }
    }

    /// A message on its way to the queue of a kind.
    pub(super) fn outgoing(&self, message: &TaskMessage<'_>, kind: &str) -> Outgoing {
        let worker = self.worker();
        let queue = worker.queues.of(kind);
        Outgoing {
            queue: queue.name.clone(),
            text: message.to_text(),
            delay: left(message.due_at, worker.clock.now()),
        }
    }

    /// Tells whoever empties the queues of these that there are more.
    pub(super) fn sent(&self, messages: &[Outgoing]) {
        let worker = self.worker();
        let now = worker.clock.now();
        for message in messages {
            if let Some(queue) = worker.queues.named(&message.queue) {
                woken(queue, message.delay, now);
            }
        }
    }
}

fn woken(queue: &TaskQueue, delay: Duration, now: Timestamp) {
    if delay.is_zero() {
        queue.wake();
    } else {
        let delay = delay.try_into().unwrap_or(time::Duration::MAX);
        queue.sent_for(now.saturating_add(delay), now);
    }
}

/// The message of a step that is tried again, with what was counted so far.
pub(super) fn step_again(
    record: &TaskRecord,
    step: u32,
    count: Count,
    due_at: Option<Timestamp>,
) -> TaskMessage<'_> {
    TaskMessage {
        count,
        due_at,
        ..TaskMessage::about(record, Purpose::Step(step))
    }
}
