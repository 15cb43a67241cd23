//! The journal of an instance: entries are added, replayed, and taken from it when what has failed is tried again.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::Workflows;
use super::standing::{Arriving, Standing};
use super::stuck::{Stuck, step_error};
use crate::limits::{MAX_HISTORY, MAX_INSTANCE_BYTES};
use crate::model::id::TaskId;
use crate::model::instance::{Arrived, Entry, Key, Payload, StepEnd};
use crate::model::task::TaskError;
use crate::records::Versioned;
use work::workflow::replay::{Arrival, Command, Replay, What};

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
