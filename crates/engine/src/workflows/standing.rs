//! An instance with its journal replayed: what is open, and whose it is to see to that.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use serde_json::value::RawValue;

use super::Workflows;
use super::under_way::StepName;
use crate::limits::{MAX_HISTORY, MAX_INSTANCE_BYTES};
use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;
use crate::model::instance::{
    Arrived, Entry, Instance, Key, Parent, Payload, StepEnd, derived_id, part_name,
};
use crate::model::task::{TaskError, TaskRecord};
use crate::records::{RecordError, Versioned};
use ports::{StorageError, Timestamp};
use work::ErrorCode;
use work::any::{Prepared, ResultLimit};
use work::workflow::StepError;
use work::workflow::replay::{About, Arrival, Command, Names, Open, Progress, Replay, What};

/// An instance, replayed up to its last entry.
pub(super) struct Standing {
    pub(super) task: Versioned,
    /// Behind a lock only because a future is nothing that threads share.
    replay: Mutex<Replay>,
    /// About how long its journal is, in bytes.
    size: usize,
}

/// Why an instance cannot go on.
#[derive(Debug)]
pub(super) enum Stuck {
    /// Its record, or a part of it, cannot be read now.
    Record(RecordError),
    /// Its code does not do what it did before, or is not there.
    Code {
        error: TaskError,
        /// Whether another process, or a later one, may do it.
        may_pass: bool,
    },
}

impl From<RecordError> for Stuck {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<StorageError> for Stuck {
    fn from(error: StorageError) -> Self {
        Self::Record(error.into())
    }
}

impl Stuck {
    fn code(code: &str, message: impl Into<String>) -> Self {
        Self::Code {
            error: TaskError {
                code: code.to_owned(),
                message: message.into(),
            },
            may_pass: true,
        }
    }
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

    fn replay(&mut self) -> &mut Replay {
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
        derived_id(&self.parent(open.step, member), self.issued_at(open))
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
    /// Replays the journal of an instance.
    pub(super) async fn stand(&self, task: Versioned) -> Result<Standing, Stuck> {
        let mut standing = self.begin(task)?;
        let journal = std::mem::take(&mut standing.instance_mut().journal);
        let parts = self.parts_of(standing.id(), &journal).await?;
        for entry in journal {
            apply(standing.replay(), &entry, &parts)?;
            standing.size += entry.what.size();
            standing.instance_mut().journal.push(entry);
        }
        Ok(standing)
    }

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

    /// Adds what arrives to the journal; nothing, if it is not waited for.
    pub(super) fn append(
        &self,
        standing: &mut Standing,
        arriving: Arriving,
        by: Key,
    ) -> Result<(), Stuck> {
        let length = standing.instance().journal.len();
        if length >= MAX_HISTORY || size_of(&arriving) + standing.size > MAX_INSTANCE_BYTES {
            let message = format!(
                "the instance has come to the end of its history, which is {MAX_HISTORY} entries or {} MiB: \
                 it should have continued as new before",
                MAX_INSTANCE_BYTES >> 20
            );
            return Err(Stuck::Code {
                error: TaskError {
                    code: "HistoryTooLong".to_owned(),
                    message,
                },
                may_pass: false,
            });
        }
        if length == MAX_HISTORY / 2 {
            log::warn!("task.id" = standing.id(); "instance has {length} entries in its history, and may have {MAX_HISTORY}");
        }
        standing.size += size_of(&arriving);
        let called = |step: u32| {
            let command = standing.command(step);
            command.map(|command| (Box::from(command.name()), command.hash()))
        };
        let what = match arriving {
            Arriving::Done(step, ended) => match called(step) {
                Some((name, hash)) => Arrived::Done {
                    step,
                    name,
                    hash,
                    ended,
                },
                None => return Ok(()),
            },
            Arriving::All(step, ends) => match called(step) {
                Some((name, hash)) => Arrived::All {
                    step,
                    name,
                    hash,
                    ends,
                },
                None => return Ok(()),
            },
            Arriving::Fired(step) => Arrived::Fired { step },
            Arriving::Event { id, name, data } => Arrived::Event { id, name, data },
        };
        let entry = Entry {
            at: self.worker().clock.now(),
            by,
            what,
        };
        standing.instance_mut().journal.push(entry);
        Ok(())
    }

    /// Replays the last entry.
    pub(super) async fn catch_up(&self, standing: &mut Standing) -> Result<(), Stuck> {
        let id = standing.id();
        let Some(entry) = standing.instance().journal.last().cloned() else {
            return Ok(());
        };
        let parts = self.parts_of(id, std::slice::from_ref(&entry)).await?;
        apply(standing.replay(), &entry, &parts)
    }

    /// Takes from the journal what has failed and what came of that, and reads again what is left.
    pub(super) async fn rewind(&self, standing: Standing) -> Result<Standing, Stuck> {
        let mut task = standing.task;
        let journal = match &mut task.record.instance {
            Some(instance) => {
                instance.rewinds = false;
                std::mem::take(&mut instance.journal)
            }
            None => Vec::new(),
        };
        let mut standing = self.begin(task)?;
        let parts = self.parts_of(standing.id(), &journal).await?;
        for entry in journal {
            let is_kept = match &entry.what {
                Arrived::Done {
                    step,
                    name,
                    hash,
                    ended,
                } => matches!(ended, StepEnd::Ok(_)) && standing.is_of(*step, Some((name, *hash))),
                Arrived::All {
                    step,
                    name,
                    hash,
                    ends,
                } => {
                    let ends = member_ends(ends, &parts)?;
                    let is_whole = ends.iter().all(|end| matches!(end, StepEnd::Ok(_)));
                    let is_same = standing.is_of(*step, Some((name, *hash)));
                    if is_same && !is_whole {
                        self.keep_members(&standing, *step, &ends).await?;
                    }
                    is_same && is_whole
                }
                Arrived::Fired { step } => standing.is_of(*step, None),
                Arrived::Event { .. } => true,
            };
            if is_kept {
                apply(standing.replay(), &entry, &parts)?;
                standing.instance_mut().journal.push(entry);
            }
        }
        Ok(standing)
    }

    /// What of an instance's journal is in documents of their own.
    async fn parts_of(&self, id: TaskId, journal: &[Entry]) -> Result<Parts, Stuck> {
        let mut parts = Parts::new();
        for entry in journal {
            let Some(part) = entry.what.part() else {
                continue;
            };
            if parts.contains_key(part) {
                continue;
            }
            let text = self.read_part(id, part).await?;
            parts.insert(part.into(), text);
        }
        Ok(parts)
    }

    /// A part of an instance.
    pub(super) async fn read_part(&self, id: TaskId, part: &str) -> Result<Box<RawValue>, Stuck> {
        let name = part_name(id, part);
        let stored = self.parts.store.read(&name).await?;
        let missing = || Stuck::code("MissingPart", "a part of the instance's history is missing");
        let stored = stored.ok_or_else(missing)?;
        let text = String::from_utf8(stored.body.to_vec()).map_err(|_| missing())?;
        RawValue::from_string(text).map_err(|_| missing())
    }
}

impl Standing {
    /// Whether an entry of this step is of what the step is now, if it is open.
    fn is_of(&self, step: u32, called: Option<(&str, u32)>) -> bool {
        let Some(command) = self.command(step) else {
            return false;
        };
        match (&*command, called) {
            (Command::Timer { .. }, None) => true,
            (Command::Call { .. } | Command::All { .. }, Some((name, hash))) => {
                command.name() == name && command.hash() == hash
            }
            _ => false,
        }
    }
}

type Parts = HashMap<Box<str>, Box<RawValue>>;

/// What an entry takes beside what it brings, in bytes: times, names, keys.
const ENTRY_BYTES: usize = 160;

/// About how long the entry of something is.
fn size_of(arriving: &Arriving) -> usize {
    let brings = match arriving {
        Arriving::Done(_, StepEnd::Ok(payload)) | Arriving::All(_, payload) => payload.length(),
        Arriving::Done(_, StepEnd::Err(error)) => error.message.len(),
        Arriving::Event { data, .. } => data.length(),
        Arriving::Fired(_) => 0,
    };
    brings + ENTRY_BYTES
}

impl Arrived {
    fn size(&self) -> usize {
        let brings = match self {
            Self::Done {
                ended: StepEnd::Ok(payload),
                ..
            }
            | Self::All { ends: payload, .. }
            | Self::Event { data: payload, .. } => payload.length(),
            Self::Done {
                ended: StepEnd::Err(error),
                ..
            } => error.message.len(),
            Self::Fired { .. } => 0,
        };
        brings + ENTRY_BYTES
    }

    /// The part that it is in, if it is not here.
    fn part(&self) -> Option<&str> {
        let payload = match self {
            Self::Done {
                ended: StepEnd::Ok(payload),
                ..
            }
            | Self::All { ends: payload, .. }
            | Self::Event { data: payload, .. } => payload,
            Self::Done { .. } | Self::Fired { .. } => return None,
        };
        match payload {
            Payload::In(part) => Some(part),
            Payload::Is(_) => None,
        }
    }
}

fn text_of<'a>(payload: &'a Payload, parts: &'a Parts) -> Result<&'a RawValue, Stuck> {
    match payload {
        Payload::Is(text) => Ok(text),
        Payload::In(part) => match parts.get(part) {
            Some(text) => Ok(text),
            None => Err(Stuck::code(
                "MissingPart",
                "a part of the instance's history is missing",
            )),
        },
    }
}

fn member_ends(ends: &Payload, parts: &Parts) -> Result<Vec<StepEnd>, Stuck> {
    let text = text_of(ends, parts)?;
    serde_json::from_str(text.get()).map_err(|_| {
        Stuck::code(
            "MissingPart",
            "the results of a fan-out cannot be understood",
        )
    })
}

fn apply(replay: &mut Replay, entry: &Entry, parts: &Parts) -> Result<(), Stuck> {
    let what = match &entry.what {
        Arrived::Done {
            step,
            name,
            hash,
            ended,
        } => What::Done {
            step: *step,
            name,
            hash: *hash,
            result: match ended {
                StepEnd::Ok(payload) => Ok(text_of(payload, parts)?),
                StepEnd::Err(error) => Err(error.clone()),
            },
        },
        Arrived::All {
            step,
            name,
            hash,
            ends,
        } => What::AllDone {
            step: *step,
            name,
            hash: *hash,
            results: member_ends(ends, parts)?
                .into_iter()
                .map(|end| match end {
                    StepEnd::Ok(Payload::Is(text)) => Ok(text),
                    StepEnd::Err(error) => Err(error),
                    StepEnd::Ok(Payload::In(_)) => Err(step_error(
                        "MissingPart",
                        "the result of a member is missing",
                    )),
                })
                .collect(),
        },
        Arrived::Fired { step } => What::Fired { step: *step },
        Arrived::Event { name, data, .. } => What::Event {
            name,
            data: text_of(data, parts)?,
        },
    };
    let at = entry.at.into();
    let applied = replay.apply(Arrival { at, what });
    applied.map_err(|differs| Stuck::code("NonDeterministic", differs.to_string()))
}

/// An error of a step, by its code.
pub(super) fn step_error(code: &str, message: impl Into<String>) -> StepError {
    // A record may have any text for a code that a newer version has written.
    let code = ErrorCode::new(code).unwrap_or(UNKNOWN);
    StepError::new(code, message)
}

const UNKNOWN: ErrorCode = ErrorCode::literal("Unknown");
