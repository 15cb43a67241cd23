//! What arrives at a workflow, held against what it asked for.

use std::fmt;
use std::time::SystemTime;

use serde_json::value::RawValue;

use crate::workflow::StepError;
use crate::workflow::command::Command;
use crate::workflow::core::State;

/// What arrived at a workflow, as its journal has it.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// When; whole milliseconds count.
    pub at: SystemTime,
    /// What.
    pub what: What<'a>,
}

/// What arrives at a workflow.
#[derive(Debug)]
pub enum What<'a> {
    /// The end of a call.
    Done {
        /// Which step it was.
        step: u32,
        /// The name of what was called.
        name: &'a str,
        /// That of its input ([`Command::hash`]).
        hash: u32,
        /// What came of it.
        result: Result<&'a RawValue, StepError>,
    },
    /// The end of many calls.
    AllDone {
        /// Which step they were.
        step: u32,
        /// The name of what was called.
        name: &'a str,
        /// That of their inputs ([`Command::hash`]).
        hash: u32,
        /// What came of each, in the order of the inputs.
        results: Vec<Result<Box<RawValue>, StepError>>,
    },
    /// The end of a timer.
    Fired {
        /// Which step it was.
        step: u32,
    },
    /// An event from outside.
    Event {
        /// Its name.
        name: &'a str,
        /// What came with it.
        data: &'a RawValue,
    },
}

/// The workflow asks for something else than its journal has: its code was changed without another version, or
/// goes by something that differs from run to run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at step {step} the journal has {expected}, and the workflow asks for {found}")]
pub struct NonDeterministic {
    /// The number of the step.
    pub step: u32,
    /// What the journal has.
    pub expected: String,
    /// What the workflow asks for.
    pub found: String,
}

/// Takes up what arrived. Gives whether the workflow can go on with it.
pub(super) fn arrive(state: &mut State, arrival: Arrival<'_>) -> Result<bool, NonDeterministic> {
    let is_news = match arrival.what {
        What::Done {
            step,
            name,
            hash,
            result,
        } => {
            let is_news = claim(state, step, Expected::Call { name, hash })?;
            if is_news {
                state.given.insert(step, result.map(RawValue::to_owned));
            }
            is_news
        }
        What::AllDone {
            step,
            name,
            hash,
            results,
        } => {
            let members = results.len();
            let expected = Expected::All {
                name,
                hash,
                members,
            };
            let is_news = claim(state, step, expected)?;
            if is_news {
                state.given_all.insert(step, results);
            }
            is_news
        }
        What::Fired { step } => {
            let is_news = claim(state, step, Expected::Timer)?;
            if is_news {
                state.fired.insert(step);
            }
            is_news
        }
        What::Event { name, data } => match state.mail.put(name, data) {
            Some(step) => {
                state.open.remove(&step);
                state.given.insert(step, Ok(data.to_owned()));
                true
            }
            None => false,
        },
    };
    state.applied += 1;
    state.reach(arrival.at);
    Ok(is_news)
}

/// What the journal has of a step.
enum Expected<'a> {
    Call {
        name: &'a str,
        hash: u32,
    },
    All {
        name: &'a str,
        hash: u32,
        members: usize,
    },
    Timer,
}

/// Ends a step that is open, if it is what is expected. One that is done or closed stays so.
fn claim(state: &mut State, step: u32, expected: Expected<'_>) -> Result<bool, NonDeterministic> {
    let told = |expected: String, found: String| NonDeterministic {
        step,
        expected,
        found,
    };
    match state.open.get(&step) {
        Some(issued) if expected.is(&issued.command) => {
            state.open.remove(&step);
            Ok(true)
        }
        Some(issued) => {
            let found = issued.command.to_string();
            let mut expected = expected.to_string();
            if expected == found {
                expected.push_str(" with another input");
            }
            Err(told(expected, found))
        }
        None if step >= state.issued => Err(told(expected.to_string(), "nothing".to_owned())),
        None if state.refused.contains(&step) => {
            let found = "what cannot be called".to_owned();
            Err(told(expected.to_string(), found))
        }
        None => Ok(false),
    }
}

impl Expected<'_> {
    fn is(&self, command: &Command) -> bool {
        match (self, command) {
            (Self::Call { name, hash }, Command::Call { .. }) => {
                *name == command.name() && *hash == command.hash()
            }
            (
                Self::All {
                    name,
                    hash,
                    members,
                },
                Command::All { inputs, .. },
            ) => *members == inputs.len() && *name == command.name() && *hash == command.hash(),
            (Self::Timer, Command::Timer { .. }) => true,
            _ => false,
        }
    }
}

/// In the words of [`Command`].
impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { name, .. } => write!(f, "a call of {name}"),
            Self::All { name, members, .. } => write!(f, "{members} calls of {name}"),
            Self::Timer => f.write_str("a timer"),
        }
    }
}
