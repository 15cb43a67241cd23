//! What the record of a workflow's instance has beside a task's: its journal above all, which is what has
//! arrived for it so far, in order. Replayed, that gives where the workflow stands.
//!
//! An entry is about a hundred bytes and its result. One that is larger than [`INLINE_PAYLOAD`] is a document
//! of its own.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use work::workflow::StepError;

use crate::limits::INLINE_PAYLOAD;
use crate::model::id::TaskId;
use crate::model::json::is_zero;
use ports::{Head, NEVER, Timestamp};

/// What the record of an instance has beside a task's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Instance {
    /// The version of the workflow that it began with, and ends with.
    pub version: u32,
    /// How often it has continued as new.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation: u32,
    /// When this generation began, if it is not the first.
    #[serde(
        default,
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub began_at: Option<Timestamp>,
    /// The record's count of retries when this generation began: what was retried before it was another's work.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first_round: u32,
    /// What its client calls it, if that is not its task's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// Whose step it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Parent>>,
    /// Whether what arrives is kept, and nothing follows from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// Whether more has been held back since than its journal shows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_back: bool,
    /// How often it was suspended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub suspensions: u32,
    /// What was last given as the reason for suspending, resuming or ending it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// The status that the workflow has set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_status: Option<Box<RawValue>>,
    /// Up to when nothing is to happen, as far as is known.
    #[serde(
        default,
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub due_at: Option<Timestamp>,
    /// Up to when a step of it is put off: its message is there, and nobody sees it before.
    #[serde(
        default,
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub postponed_until: Option<Timestamp>,
    /// Whether it is to go on from its failure: what has failed is yet to be taken from the journal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rewinds: bool,
    /// What has arrived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journal: Vec<Entry>,
}

/// The instance that waits for the end of another, and what that is to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its task.
    pub id: TaskId,
    /// Which of its steps.
    pub step: u32,
    /// Which member of that, if it is a fan-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<u32>,
    /// How many members there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub of: u32,
    /// How many messages bring them, each of which adds to the tally.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub adds: u32,
    /// Its generation then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation: u32,
    /// How often it had been retried then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
}

/// Something that has arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    #[serde(with = "ports::timestamp")]
    pub at: Timestamp,
    /// Whose holder wrote it: whoever has that message sees to what follows from it.
    pub by: Key,
    /// What.
    #[serde(rename = "is")]
    pub what: Arrived,
}

/// What can arrive.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrived {
    /// The end of a step.
    Done {
        /// Which.
        step: u32,
        /// What was called.
        name: Box<str>,
        /// The hash of its input.
        hash: u32,
        /// What it gave.
        ended: StepEnd,
    },
    /// The end of all members of a fan-out.
    All {
        /// Which step.
        step: u32,
        /// What was called.
        name: Box<str>,
        /// The hash of the inputs.
        hash: u32,
        /// What they gave: an array of [`StepEnd`], in the order of the members.
        ends: Payload,
    },
    /// A timer's time.
    Fired {
        /// Which step.
        step: u32,
    },
    /// An event from outside.
    Event {
        /// Which one: no two are the same.
        id: Box<str>,
        /// Its name.
        name: Box<str>,
        /// What it brings.
        data: Payload,
    },
}

/// What a step gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// A result.
    Ok(Payload),
    /// An error.
    Err(StepError),
}

/// A JSON text, here or in a document of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// Here.
    Is(Box<RawValue>),
    /// In the document of the instance with this name, see [`part_name`].
    In(Box<str>),
}

impl Payload {
    /// How much of it is in the record, in bytes.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Is(text) => text.get().len(),
            Self::In(part) => part.len(),
        }
    }

    /// Whether a text is to have a document of its own.
    pub fn is_large(text: &RawValue) -> bool {
        text.get().len() > INLINE_PAYLOAD
    }
}

/// Which message something is due to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// That of the instance's start.
    #[default]
    Start,
    /// That of this step: a call, a timer, or the last of a fan-out.
    Step(u32),
    /// That of this event.
    Event(Box<str>),
    /// That which came when the instance was resumed for this time.
    Resumed(u32),
}

/// What a message is to a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The instance's generation when it was sent.
    #[serde(default, rename = "g", skip_serializing_if = "is_zero")]
    pub generation: u32,
    /// Whose step the instance is that it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// What it is for.
    #[serde(rename = "for")]
    pub purpose: Purpose,
}

/// What a message of an instance is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The instance's beginning.
    #[default]
    Start,
    /// A step is to be done.
    Step(u32),
    /// Members of a fan-out are to be done, or sent each by itself if they are many.
    Members {
        /// Which step.
        step: u32,
        /// The first of them.
        from: u32,
        /// The first that is not among them.
        to: u32,
        /// How many there are in all.
        of: u32,
        /// How many messages bring them, each of which adds to the tally.
        adds: u32,
        /// Whether some may be done already, which the tally tells.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// A timer is over.
    Timer(u32),
    /// Something from outside.
    Event {
        /// Which one.
        id: Box<str>,
        /// Its name.
        name: Box<str>,
        /// What it brings.
        data: SentPayload,
    },
    /// It was resumed, for this time.
    Resumed(u32),
    /// Some message is lost, or the instance was rewound: all that is open is to be sent again.
    Everything,
    /// It was canceled: so are those that it has started.
    Canceled,
}

/// A [`Payload`] that is compared by its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SentPayload(pub Payload);

impl PartialEq for SentPayload {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Payload::Is(one), Payload::Is(other)) => one.get() == other.get(),
            (Payload::In(one), Payload::In(other)) => one == other,
            _ => false,
        }
    }
}

impl Parent {
    /// A task, where no step of it is meant.
    pub(crate) fn of_nobody(id: TaskId) -> Self {
        Self {
            id,
            step: 0,
            member: None,
            of: 0,
            adds: 0,
            generation: 0,
            retries: 0,
        }
    }
}

impl Cause {
    /// Of the message that starts an instance, or starts it anew.
    pub(crate) fn of_start(instance: &Instance) -> Self {
        Self {
            generation: instance.generation,
            parent: instance.parent.as_deref().cloned(),
            purpose: match instance.rewinds {
                true => Purpose::Everything,
                false => Purpose::Start,
            },
        }
    }
}

impl Instance {
    /// One of which nothing is known.
    pub(crate) const NONE: Self = Self {
        version: 0,
        generation: 0,
        first_round: 0,
        began_at: None,
        name: None,
        parent: None,
        suspended: false,
        held_back: false,
        suspensions: 0,
        reason: None,
        custom_status: None,
        due_at: None,
        postponed_until: None,
        rewinds: false,
        journal: Vec::new(),
    };

    /// One that begins now in this version.
    pub fn new(version: u32) -> Self {
        Self {
            version,
            ..Self::default()
        }
    }

    /// Whether nothing has happened to it yet but that it was accepted.
    pub(crate) fn is_new(&self) -> bool {
        self.generation == 0
            && self.journal.is_empty()
            && !self.suspended
            && !self.rewinds
            && self.name.is_none()
    }

    /// Whether something with this key is in the journal.
    pub(crate) fn has_event(&self, wanted: &str) -> bool {
        let is_it =
            |entry: &Entry| matches!(&entry.what, Arrived::Event { id, .. } if **id == *wanted);
        self.journal.iter().any(is_it)
    }

    /// Up to when nobody needs to look after it.
    pub(crate) fn shown_due_at(&self) -> Option<Timestamp> {
        match self.suspended {
            true => Some(NEVER),
            // Once that is over it is looked after as before.
            false => self.due_at.or(self.postponed_until),
        }
    }
}

/// What the names of all documents and tallies of an instance begin with. After the names of tasks in any
/// listing, because `x` is no digit.
pub(crate) fn prefix_of(id: TaskId) -> String {
    format!("x-{id}-")
}

/// The name under which the store has a part of an instance.
pub(crate) fn part_name(id: TaskId, part: &str) -> String {
    format!("x-{id}-{part}")
}

/// What a name of a part or a tally has in common with those of its instance, and which that is.
pub(crate) fn instance_of_part(name: &str) -> Option<(&str, TaskId)> {
    let rest = name.strip_prefix("x-")?;
    let (id, part) = rest.split_at_checked(TaskId::LENGTH)?;
    let of_instance = name.strip_suffix(part.strip_prefix('-')?)?;
    Some((of_instance, id.parse().ok()?))
}

/// The kind and the status in the head of a part of an instance: no task has them.
pub(crate) const PART: &str = "part";

/// Whether the listing shows a part of an instance.
pub(crate) fn is_part(head: &Head) -> bool {
    head.kind == PART && head.status == PART
}

/// The task id of an instance that another begins with this input: the same however often, and in every round, so
/// that one that has failed goes on when the other does.
pub(crate) fn child_id(parent: &Parent, name: &str, input: &RawValue, at: Timestamp) -> TaskId {
    let Parent {
        id,
        step,
        member,
        generation,
        ..
    } = parent;
    let member = member.map_or(u64::from(u32::MAX) + 1, u64::from);
    let text = format!("{id} {generation} {step} {member} {name} {input}");
    TaskId::of_digest(at, &Sha256::digest(text).into())
}

/// What a step is known by to its work, the same however often it is tried in a round.
pub(crate) fn step_id(parent: &Parent, at: Timestamp) -> TaskId {
    let Parent {
        id,
        step,
        member,
        generation,
        retries,
        ..
    } = parent;
    let member = member.map_or(u64::from(u32::MAX) + 1, u64::from);
    let text = format!("{id} {generation} {retries} {step} {member}");
    TaskId::of_digest(at, &Sha256::digest(text).into())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Step(step) => write!(f, "step {step}"),
            Self::Event(id) => write!(f, "event {id}"),
            Self::Resumed(nth) => write!(f, "resumed {nth}"),
        }
    }
}
