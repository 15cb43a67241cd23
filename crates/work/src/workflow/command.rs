//! What a workflow asks for.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;

use super::{Retry, hash};

/// How many members one step has at the most ([`Flow::all`](super::Flow::all)).
pub const MAX_MEMBERS: usize = 10_000;

/// What a workflow asks for: a step.
#[derive(Clone, Debug)]
pub enum Command {
    /// One task.
    Call {
        /// The name of its kind or workflow. Nobody has looked whether there is one if it was
        /// [named](crate::workflow::callee::named).
        name: Arc<str>,
        /// Its input.
        input: Box<RawValue>,
        /// How often it is tried, unless as its kind's policy says.
        retry: Option<Retry>,
        /// How long one attempt may last, unless as its kind's policy says.
        time_limit: Option<Duration>,
    },
    /// Many tasks of the same kind or workflow, whose results come together.
    All {
        /// The name of their kind or workflow.
        name: Arc<str>,
        /// Their inputs: one at the least, [`MAX_MEMBERS`] at the most.
        inputs: Vec<Box<RawValue>>,
    },
    /// That some time is reached.
    Timer {
        /// In whole milliseconds; it may be over.
        at: SystemTime,
    },
    /// The next event of a name.
    Event {
        /// The event's name, as the workflow gave it.
        name: Arc<str>,
    },
}

impl Command {
    /// The name of the kind, the workflow or the event; `timer` for a timer.
    pub fn name(&self) -> &str {
        match self {
            Self::Call { name, .. } | Self::All { name, .. } | Self::Event { name } => name,
            Self::Timer { .. } => "timer",
        }
    }

    /// A hash of the input, or of all inputs, to compare with that of the journal: FNV-1a with 32 bits over
    /// the JSON of each and a zero byte behind it. The same in every build and on every machine.
    pub fn hash(&self) -> u32 {
        match self {
            Self::Call { input, .. } => hash::of([&**input]),
            Self::All { inputs, .. } => hash::of(inputs.iter().map(|input| &**input)),
            Self::Timer { .. } | Self::Event { .. } => hash::of([]),
        }
    }
}

/// Without inputs, which are nobody else's business.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { name, .. } => write!(f, "a call of {name}"),
            Self::All { name, inputs } => write!(f, "{} calls of {name}", inputs.len()),
            Self::Timer { .. } => f.write_str("a timer"),
            Self::Event { name } => write!(f, "an event {name}"),
        }
    }
}
