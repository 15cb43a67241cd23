//! What happens around a workflow in its test: calls end, timers fire, events are raised, each at its time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;

use super::ran::{Called, Wrong};
use super::script::Script;
use crate::workflow::StepError;
use crate::workflow::core::later;
use crate::workflow::replay::{Arrival, Command, NonDeterministic, Open, Progress, Replay, What};

/// When each test begins: 2026-01-01T00:00:00Z.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// How much may arrive before a test is given up.
const MAX_ARRIVALS: usize = 100_000;

/// The world around a workflow, with a clock of its own.
pub(super) struct World {
    script: Script,
    now: SystemTime,
    /// What will happen, by its time, and then in the order in which it was planned.
    agenda: BTreeMap<(SystemTime, u64), Happening>,
    planned: u64,
    arrived: usize,
    calls: Vec<Called>,
}

/// What happens to a workflow.
pub(super) enum Happening {
    /// A call ends, or many.
    Ends {
        step: u32,
        command: Arc<Command>,
        results: Vec<Result<Box<RawValue>, StepError>>,
    },
    Fires {
        step: u32,
    },
    Event {
        name: String,
        data: Box<RawValue>,
    },
}

/// Something that happened, and when: a line of the journal.
pub(super) struct Entry {
    at: SystemTime,
    what: Happening,
}

impl World {
    pub(super) fn new(script: Script) -> Self {
        Self {
            script,
            now: SystemTime::UNIX_EPOCH + BEGINNING,
            agenda: BTreeMap::new(),
            planned: 0,
            arrived: 0,
            calls: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> SystemTime {
        self.now
    }

    /// How much time has passed, and what was called.
    pub(super) fn into_past(self) -> (Duration, Vec<Called>) {
        let passed = self.now.duration_since(SystemTime::UNIX_EPOCH + BEGINNING);
        (passed.unwrap_or_default(), self.calls)
    }

    /// Something will happen so long from now.
    pub(super) fn plan(&mut self, after: Duration, what: Happening) {
        self.plan_at(later(self.now, after), what);
    }

    fn plan_at(&mut self, at: SystemTime, what: Happening) {
        let order = self.planned;
        self.planned += 1;
        self.agenda.insert((at.max(self.now), order), what);
    }

    /// Lets happen what happens to one run of a workflow, until it has come to an end.
    pub(super) fn live(&mut self, replay: &mut Replay) -> Result<Vec<Entry>, Wrong> {
        // Calls and timers of the run before are over.
        self.agenda
            .retain(|_, what| matches!(what, Happening::Event { .. }));
        let (mut journal, mut next_step) = (Vec::new(), 0);
        loop {
            for open in replay.open() {
                if open.step >= next_step {
                    next_step = open.step + 1;
                    self.begin(open)?;
                }
            }
            if !matches!(replay.progress(), Progress::Waiting) {
                return Ok(journal);
            }
            let Some(what) = self.next(replay) else {
                let open = replay.open().into_iter();
                let waits: Vec<_> = open.map(|open| open.command.to_string()).collect();
                return Err(Wrong::Stuck(waits.join(" and ")));
            };
            let entry = Entry { at: self.now, what };
            entry.apply(replay)?;
            journal.push(entry);
            self.arrived += 1;
            if self.arrived >= MAX_ARRIVALS {
                return Err(Wrong::Endless(self.arrived));
            }
        }
    }

    /// Begins what a workflow asks for.
    fn begin(&mut self, Open { step, command, .. }: Open) -> Result<(), Wrong> {
        let (name, inputs) = match &*command {
            Command::Timer { at } => {
                self.plan_at(*at, Happening::Fires { step });
                return Ok(());
            }
            Command::Event { .. } => return Ok(()),
            Command::Call { name, input, .. } => (name, std::slice::from_ref(input)),
            Command::All { name, inputs } => (name, &**inputs),
        };
        let (mut lasts, mut results) = (Duration::ZERO, Vec::with_capacity(inputs.len()));
        for input in inputs {
            self.calls.push(Called {
                name: name.to_string(),
                input: serde_json::from_str(input.get())?,
            });
            let answer = self.script.answer(name, input);
            let (after, result) = answer.ok_or_else(|| Wrong::NotGiven(name.to_string()))?;
            lasts = after;
            results.push(result);
        }
        let command = Arc::clone(&command);
        let ends = Happening::Ends {
            step,
            command,
            results,
        };
        self.plan(lasts, ends);
        Ok(())
    }

    /// What happens next, to a workflow that has not closed the step; the time has come then.
    fn next(&mut self, replay: &Replay) -> Option<Happening> {
        loop {
            let ((at, _), what) = self.agenda.pop_first()?;
            let is_awaited = match &what {
                Happening::Ends { step, .. } | Happening::Fires { step } => replay.is_open(*step),
                Happening::Event { .. } => true,
            };
            if is_awaited {
                self.now = at;
                return Some(what);
            }
        }
    }
}

impl Entry {
    /// Lets a run of the workflow have it.
    pub(super) fn apply(&self, replay: &mut Replay) -> Result<(), NonDeterministic> {
        let what = match &self.what {
            Happening::Fires { step } => What::Fired { step: *step },
            Happening::Event { name, data } => What::Event { name, data },
            Happening::Ends {
                step,
                command,
                results,
            } => {
                let (step, name, hash) = (*step, command.name(), command.hash());
                match (&**command, &**results) {
                    (Command::Call { .. }, [result]) => What::Done {
                        step,
                        name,
                        hash,
                        result: result.as_deref().map_err(StepError::clone),
                    },
                    _ => What::AllDone {
                        step,
                        name,
                        hash,
                        results: results.clone(),
                    },
                }
            }
        };
        replay.apply(Arrival { at: self.at, what })
    }
}
