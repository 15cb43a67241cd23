//! An instance with its journal replayed: what is open, and whose it is to see to that.

use std::sync::{Arc, PoisonError};

use serde_json::value::RawValue;

use super::Workflows;
use super::stuck::Stuck;
use super::under_way::StepName;
use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;
use crate::model::instance::{Instance, Key, Parent, Payload, StepEnd, child_id};
use crate::model::task::{TaskError, TaskRecord};
use crate::records::Versioned;
use ports::Timestamp;
use work::any::{Prepared, ResultLimit};
use work::workflow::replay::{About, Command, Names, Open, Progress, Replay};

/// An instance, replayed up to its last entry.
pub(super) struct Standing {
    pub(super) task: Versioned,
    /// Behind a lock only because a future is nothing that threads share.
    replay: Mutex<Replay>,
    /// About how long its journal is, in bytes.
    pub(super) size: usize,
}

/// Something that arrives, before it is in the journal.
#[derive(Clone, Debug)]
pub(super) enum Arriving {
    /// The end of a call.
    Done(u32, StepEnd),
    /// The end of a fan-out: an array of its members' ends.
    All(u32, Payload),
    /// The end of a timer.
    Fired(u32),
    /// An event.
    Event {
        id: Box<str>,
        name: Box<str>,
        data: Payload,
    },
}

impl Standing {
    pub(super) fn record(&self) -> &TaskRecord {
        &self.task.record
    }

    pub(super) fn instance(&self) -> &Instance {
        self.task.record.instance.as_deref().unwrap_or(&NONE)
    }

    pub(super) fn instance_mut(&mut self) -> &mut Instance {
        self.task.record.instance.get_or_insert_default()
    }

    pub(super) fn id(&self) -> TaskId {
        self.task.record.id
    }

    /// What is open, in the order of the steps.
    pub(super) fn open(&self) -> Vec<Open> {
        lock(&self.replay).open()
    }

    pub(super) fn is_open(&self, step: u32) -> bool {
        lock(&self.replay).is_open(step)
    }

    /// Whether an entry is in the journal.
    pub(super) fn has(&self, (at, by): &(Timestamp, Key)) -> bool {
        let journal = &self.instance().journal;
        journal
            .iter()
            .any(|entry| entry.at == *at && entry.by == *by)
    }

    /// What tells a step from those of any instance.
    pub(super) fn name_of(&self, step: u32) -> StepName {
        (self.id(), self.instance().generation, step)
    }

    /// The command of a step, if it is open.
    pub(super) fn command(&self, step: u32) -> Option<Arc<Command>> {
        let mut open = self.open().into_iter();
        open.find(|open| open.step == step).map(|open| open.command)
    }

    /// How far it has come; to be asked for once after what has arrived.
    pub(super) fn take_progress(&mut self) -> Progress {
        self.replay().take_progress()
    }

    pub(super) fn replay(&mut self) -> &mut Replay {
        self.replay
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn custom_status(&self) -> Option<Box<RawValue>> {
        lock(&self.replay).status()
    }

    pub(super) fn buffered(&self) -> Vec<(String, Box<RawValue>)> {
        lock(&self.replay).buffered()
    }

    /// Whose message it is that what is open is due to.
    pub(super) fn owner(&self, open: &Open) -> Key {
        match open.issued_by.checked_sub(1) {
            None => Key::Start,
            Some(entry) => self
                .instance()
                .journal
                .get(entry)
                .map_or(Key::Start, |entry| entry.by.clone()),
        }
    }

    /// When this generation began.
    pub(super) fn begun_at(&self) -> Timestamp {
        self.instance().began_at.unwrap_or(self.record().created_at)
    }

    /// When it was that something open came to be.
    fn issued_at(&self, open: &Open) -> Timestamp {
        let entry = open.issued_by.checked_sub(1);
        entry
            .and_then(|entry| self.instance().journal.get(entry))
            .map_or(self.begun_at(), |entry| entry.at)
    }

    /// What a step, or a member of it, is to the instance.
    pub(super) fn parent(&self, step: u32, member: Option<u32>) -> Parent {
        Parent {
            id: self.id(),
            step,
            member,
            of: 0,
            adds: 0,
            generation: self.instance().generation,
            retries: self.record().retries,
        }
    }

    /// The task of an instance that an open step begins.
    pub(super) fn child_id(&self, open: &Open, member: Option<u32>) -> TaskId {
        let input = match (&*open.command, member) {
            (Command::Call { input, .. }, None) => input,
            (Command::All { inputs, .. }, Some(member)) => inputs
                .get(member as usize)
                .map_or(RawValue::NULL, |input| input),
            _ => RawValue::NULL,
        };
        let parent = self.parent(open.step, member);
        child_id(&parent, open.command.name(), input, self.issued_at(open))
    }

    /// Whether something is still waited for.
    pub(super) fn wants(&self, arriving: &Arriving) -> bool {
        match arriving {
            Arriving::Done(step, _) | Arriving::All(step, _) | Arriving::Fired(step) => {
                self.is_open(*step)
            }
            Arriving::Event { id, .. } => !self.instance().has_event(id),
        }
    }

    /// The part of the name of what belongs to a step, in this generation and round.
    pub(super) fn part_of(&self, sort: char, step: u32) -> String {
        part_of(sort, &self.parent(step, None))
    }
}

/// The part of the name of what belongs to a step.
pub(super) fn part_of(sort: char, parent: &Parent) -> String {
    let Parent {
        step,
        generation,
        retries,
        ..
    } = parent;
    format!("{sort}{generation}-{retries}-{step}")
}

static NONE: Instance = Instance::NONE;

impl Workflows {
    /// An instance as if nothing had arrived for it.
    pub(super) fn begin(&self, mut task: Versioned) -> Result<Standing, Stuck> {
        let worker = self.worker();
        let record = &mut task.record;
        let Some(kind) = worker.kinds.get(&record.kind) else {
            return Err(Stuck::code(
                "NotWorkable",
                "no worker knows this kind of work",
            ));
        };
        let current = kind.kind.version().unwrap_or_default();
        let instance = record
            .instance
            .get_or_insert_with(|| Box::new(Instance::new(current)));
        let version = instance.version;
        let Some(workflow) = Arc::clone(&kind.kind).in_version(version) else {
            let told = format!("no worker knows version {version} of the workflow");
            return Err(Stuck::code("UnknownVersion", told));
        };
        let Some(input) = record.input.as_deref() else {
            return Err(Stuck::code("NotWorkable", "the instance has no input"));
        };
        let begin = match workflow.prepare(input) {
            Ok(Prepared::Workflow(begin)) => begin,
            Ok(_) => return Err(Stuck::code("NotWorkable", "the kind is no workflow")),
            Err(invalid) => {
                return Err(Stuck::Code {
                    error: TaskError {
                        code: "InvalidInput".to_owned(),
                        message: invalid.message,
                    },
                    may_pass: false,
                });
            }
        };
        let about = About {
            id: record.id.to_string(),
            generation: instance.generation,
            started_at: instance.began_at.unwrap_or(record.created_at).into(),
            kinds: Arc::clone(&worker.kinds) as Arc<dyn Names>,
        };
        let limit: ResultLimit = worker.attempts.result_limit;
        Ok(Standing {
            replay: Mutex::new(Replay::begin(begin, about, limit)),
            task,
            size: 0,
        })
    }
}
