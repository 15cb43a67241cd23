//! What has happened to an instance, for people and for pages that draw it: its steps, in the order in which the
//! workflow asked for them.
//!
//! It is made by replaying the journal entry by entry, so nothing is kept for it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Workflows;
use super::gather::tally_of;
use super::standing::Standing;
use super::stuck::Stuck;
use crate::model::id::TaskId;
use crate::model::instance::{Arrived, Payload, StepEnd};
use crate::model::task::TaskError;
use crate::records::{RecordError, Versioned};
use ports::Timestamp;
use work::workflow::replay::{Command, Open};

/// What has happened to an instance.
#[derive(Clone, Debug)]
pub struct History {
    /// Its record, and the version of it that this is of.
    pub task: Versioned,
    /// Its steps so far in this generation, in the order in which they were asked for.
    pub steps: Vec<HistoryStep>,
    /// Why the rest cannot be told: the code does not do what it did before, or is not there.
    pub stuck: Option<TaskError>,
}

/// A step of an instance.
#[derive(Clone, Debug)]
pub struct HistoryStep {
    /// Its number, from 0; an event that nobody has asked for yet has none.
    pub step: Option<u32>,
    /// What it is.
    pub kind: StepKind,
    /// The name of what was called or waited for; empty of a timer.
    pub name: String,
    /// When it was asked for; of an event that nobody has asked for yet, when it came.
    pub started_at: Timestamp,
    /// When it has ended.
    pub ended_at: Option<Timestamp>,
    /// How it stands.
    pub state: StepState,
    /// What was called with, or what an event has brought.
    pub input: Option<Box<RawValue>>,
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// A call of a kind of work.
    Call,
    /// A call of a workflow: an instance of its own.
    Workflow,
    /// A fan-out.
    All,
    /// A timer.
    Timer,
    /// An event from outside.
    Event,
}

/// How a step stands.
#[derive(Clone, Debug)]
pub enum StepState {
    /// It is waited for.
    Open {
        /// Of a fan-out: how many of how many members have ended.
        members: Option<(u64, u64)>,
        /// Of a workflow: its task.
        child: Option<TaskId>,
        /// Of a timer: when it is over.
        due_at: Option<Timestamp>,
    },
    /// It has ended with a result.
    Done {
        /// The result, if it is small enough to be in the history.
        result: Option<Box<RawValue>>,
        /// Of a workflow: its task.
        child: Option<TaskId>,
        /// Of a fan-out: how many members it had, and how many of them failed.
        members: Option<(u64, u64)>,
    },
    /// It has failed.
    Failed {
        /// Why.
        error: TaskError,
        /// Of a workflow: its task.
        child: Option<TaskId>,
    },
    /// The workflow waits for it no more.
    Dropped,
}

impl Workflows {
    /// What has happened to an instance; `None` when there is no such instance.
    ///
    /// # Errors
    ///
    /// Its record, or a part of it, cannot be read.
    pub async fn history(&self, id: TaskId) -> Result<Option<History>, RecordError> {
        let Some(task) = self.worker().records.read(id).await? else {
            return Ok(None);
        };
        if task.record.instance.is_none() {
            return Ok(None);
        }
        let mut steps = BTreeMap::new();
        let mut events = Vec::new();
        let stuck = match self.retell(task.clone(), &mut steps, &mut events).await {
            Ok(()) => None,
            Err(Stuck::Record(error)) => return Err(error),
            Err(Stuck::Code { error, .. }) => Some(error),
        };
        let steps = steps.into_values().chain(events).collect();
        Ok(Some(History { task, steps, stuck }))
    }

    async fn retell(
        &self,
        task: Versioned,
        steps: &mut BTreeMap<u32, HistoryStep>,
        events: &mut Vec<HistoryStep>,
    ) -> Result<(), Stuck> {
        let has_ended = task.record.status().is_terminal();
        let mut standing = self.begin(task)?;
        let journal = std::mem::take(&mut standing.instance_mut().journal);
        let begun = standing.begun_at();
        self.tell_open(&standing, begun, steps);
        for entry in journal {
            let at = entry.at;
            let before: Vec<_> = standing.open().into_iter().map(|open| open.step).collect();
            let what = entry.what.clone();
            standing.instance_mut().journal.push(entry);
            self.catch_up(&mut standing).await?;
            self.tell_open(&standing, at, steps);
            match what {
                Arrived::Done { step, ended, .. } => {
                    let child = standing.child_of(step, steps.get(&step));
                    end(steps, step, at, done(ended, child));
                }
                Arrived::All { step, ends, .. } => {
                    let ends = self.ends_of(&standing, &ends).await?;
                    let failed = ends.iter().filter(|end| matches!(end, StepEnd::Err(_)));
                    let members = (ends.len() as u64, failed.count() as u64);
                    let state = StepState::Done {
                        result: None,
                        child: None,
                        members: Some(members),
                    };
                    end(steps, step, at, state);
                }
                Arrived::Fired { step } => end(steps, step, at, nothing()),
                Arrived::Event { name, data, .. } => {
                    let is_taken = |step: &&mut HistoryStep| {
                        step.kind == StepKind::Event
                            && *step.name == *name
                            && step.step.is_some_and(|number| {
                                before.contains(&number) && !standing.is_open(number)
                            })
                            && matches!(step.state, StepState::Open { .. })
                    };
                    let taken = steps.values_mut().find(is_taken);
                    let input = match data {
                        Payload::Is(data) => Some(data),
                        Payload::In(_) => None,
                    };
                    match taken {
                        Some(step) => {
                            step.ended_at = Some(at);
                            step.state = nothing();
                            step.input = input;
                        }
                        None => events.push(HistoryStep {
                            step: None,
                            kind: StepKind::Event,
                            name: name.into(),
                            started_at: at,
                            ended_at: Some(at),
                            state: nothing(),
                            input,
                        }),
                    }
                }
            }
            // What was waited for and is no more.
            for step in before {
                if !standing.is_open(step)
                    && let Some(told) = steps.get_mut(&step)
                    && matches!(told.state, StepState::Open { .. })
                {
                    told.ended_at = Some(at);
                    told.state = StepState::Dropped;
                }
            }
        }
        let open = standing.open();
        for open in open.iter().filter(|_| !has_ended) {
            if let Command::All { inputs, .. } = &*open.command
                && let Some(told) = steps.get_mut(&open.step)
            {
                let tally = tally_of(&standing.parent(open.step, None));
                let given = self.given(&tally).await?;
                told.state = StepState::Open {
                    members: Some((given, inputs.len() as u64)),
                    child: None,
                    due_at: None,
                };
            }
        }
        Ok(())
    }

    async fn ends_of(&self, standing: &Standing, ends: &Payload) -> Result<Vec<StepEnd>, Stuck> {
        let stored;
        let text = match ends {
            Payload::Is(text) => text,
            Payload::In(part) => {
                stored = self.read_part(standing.id(), part).await?;
                &stored
            }
        };
        Ok(serde_json::from_str(text.get()).unwrap_or_default())
    }

    fn tell_open(
        &self,
        standing: &Standing,
        at: Timestamp,
        steps: &mut BTreeMap<u32, HistoryStep>,
    ) {
        for open in standing.open() {
            steps
                .entry(open.step)
                .or_insert_with(|| self.told(standing, &open, at));
        }
    }

    fn told(&self, standing: &Standing, open: &Open, at: Timestamp) -> HistoryStep {
        let (mut child, mut due_at, mut input) = (None, None, None);
        let (kind, name) = match &*open.command {
            Command::Call {
                name, input: with, ..
            } => {
                input = Some(with.clone());
                match self.is_workflow(name) {
                    true => {
                        child = Some(standing.child_id(open, None));
                        (StepKind::Workflow, name.to_string())
                    }
                    false => (StepKind::Call, name.to_string()),
                }
            }
            Command::All { name, .. } => (StepKind::All, name.to_string()),
            Command::Timer { at } => {
                due_at = Some((*at).into());
                (StepKind::Timer, String::new())
            }
            Command::Event { name } => (StepKind::Event, name.to_string()),
        };
        HistoryStep {
            step: Some(open.step),
            kind,
            name,
            started_at: at,
            ended_at: None,
            state: StepState::Open {
                members: None,
                child,
                due_at,
            },
            input,
        }
    }
}

impl Standing {
    /// The task of a step that was told of as an instance.
    fn child_of(&self, _step: u32, told: Option<&HistoryStep>) -> Option<TaskId> {
        match told?.state {
            StepState::Open { child, .. } => child,
            _ => None,
        }
    }
}

fn end(steps: &mut BTreeMap<u32, HistoryStep>, step: u32, at: Timestamp, state: StepState) {
    if let Some(told) = steps.get_mut(&step) {
        told.ended_at = Some(at);
        told.state = state;
    }
}

fn nothing() -> StepState {
    StepState::Done {
        result: None,
        child: None,
        members: None,
    }
}

fn done(ended: StepEnd, child: Option<TaskId>) -> StepState {
    match ended {
        StepEnd::Ok(payload) => StepState::Done {
            result: match payload {
                Payload::Is(result) => Some(result),
                Payload::In(_) => None,
            },
            child,
            members: None,
        },
        StepEnd::Err(error) => StepState::Failed {
            error: TaskError {
                code: error.code.as_str().to_owned(),
                message: error.message,
            },
            child,
        },
    }
}
