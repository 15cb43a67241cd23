//! Tests of a workflow without a service: results, events and passing time are given, and what it did is
//! seen.
//!
//! ```
//! use std::time::Duration;
//!
//! use work::Failure;
//! use work::workflow::test::FlowTest;
//! use work::workflow::{Either, Flow, Workflow, callee, select};
//!
//! /// Asks a person, and gives up after a day.
//! struct Approval;
//!
//! impl Workflow for Approval {
//!     type Input = String;
//!     type Output = bool;
//!
//!     async fn run(&self, flow: Flow, text: String) -> Result<bool, Failure> {
//!         let () = flow.call(callee::named("send-mail"), &text).await?;
//!         let day = Duration::from_secs(24 * 60 * 60);
//!         match select(flow.event("approved"), flow.sleep(day)).await {
//!             Either::First(approved) => Ok(approved?),
//!             Either::Second(()) => Ok(false),
//!         }
//!     }
//! }
//!
//! let hour = Duration::from_secs(60 * 60);
//! let ran = FlowTest::of(Approval)
//!     .with(callee::named("send-mail"), |_: String| Ok(()))
//!     .event(hour, "approved", true)
//!     .run(&"May I?".to_owned())?;
//! assert_eq!(ran.called(), ["send-mail"]);
//! assert_eq!(ran.took, hour);
//! assert!(ran.output.is_ok_and(|approved| approved));
//! # Ok::<(), work::workflow::test::Wrong>(())
//! ```

mod ran;
mod script;
mod world;

use std::marker::PhantomData;
use std::mem::{discriminant, take};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

pub use ran::{Called, Ran, Wrong};

use self::script::{Script, TestNames};
use self::world::{Happening, World};
use super::names::Callee;
use super::replay::{About, Arrival, Progress, Replay, What};
use super::{StepError, Workflow};
use crate::InvalidInput;
use crate::any::{AnyKind, Prepared, ResultLimit, of_workflow};

/// The largest result, in bytes.
const LIMIT: ResultLimit = ResultLimit::bytes(64 << 20);

/// A test of a workflow. Its clock is its own and passes at once: a call takes no time unless it
/// [lasts](Self::with_lasting), and a timer fires when nothing else happens before.
///
/// What the test says nothing about fails the test; or the step, with `NotRegistered`, if it is called by its
/// type.
///
/// When the workflow has ended it is run a second time over the same results, as the service would: one
/// that does something else then goes by the clock, by chance or by an order that differs, and is told.
pub struct FlowTest<W: Workflow> {
    workflow: Arc<dyn AnyKind>,
    script: Script,
    events: Vec<(Duration, String, serde_json::Result<Box<RawValue>>)>,
    of: PhantomData<fn(W)>,
}

impl<W: Workflow> FlowTest<W> {
    /// A test of this workflow.
    pub fn of(workflow: W) -> Self {
        Self {
            workflow: of_workflow(workflow),
            script: Script::default(),
            events: Vec::new(),
            of: PhantomData,
        }
    }

    /// Says what each call of a callee gives for its input; said again, it counts in place of the first.
    #[must_use]
    pub fn with<I: DeserializeOwned, O: Serialize>(
        self,
        callee: Callee<I, O>,
        result: impl FnMut(I) -> Result<O, StepError> + Send + 'static,
    ) -> Self {
        self.with_lasting(Duration::ZERO, callee, result)
    }

    /// As [`with`](Self::with), for calls that last so long.
    #[must_use]
    pub fn with_lasting<I: DeserializeOwned, O: Serialize>(
        mut self,
        lasts: Duration,
        callee: Callee<I, O>,
        result: impl FnMut(I) -> Result<O, StepError> + Send + 'static,
    ) -> Self {
        self.script.add(lasts, &callee, result);
        self
    }

    /// Raises an event so long after the beginning.
    #[must_use]
    pub fn event(mut self, after: Duration, name: &str, data: impl Serialize) -> Self {
        let data = to_raw_value(&data);
        self.events.push((after, name.to_owned(), data));
        self
    }

    /// Runs the workflow to its end, however often it continues as new.
    ///
    /// # Errors
    ///
    /// It came to no end, or is not deterministic, or the test does not fit it.
    pub fn run(self, input: &W::Input) -> Result<Ran<W::Output>, Wrong> {
        let names = self.script.names();
        let mut world = World::new(self.script);
        for (after, name, data) in self.events {
            world.plan(after, Happening::Event { name, data: data? });
        }
        let (mut input, mut generation) = (to_raw_value(input)?, 0);
        let (mut mail, mut status) = (Vec::new(), None);
        loop {
            let run = Run {
                workflow: &self.workflow,
                input: &input,
                generation,
                names: &names,
                mail: take(&mut mail),
            };
            let mut replay = run.lived(&mut world)?;
            mail = replay.buffered();
            status = replay.status().or(status);
            let output = match replay.take_progress() {
                Progress::Ended(output) => output,
                Progress::Continued(next) => {
                    input = next;
                    generation += 1;
                    continue;
                }
                Progress::Broken(why) => return Err(Wrong::Broken(why)),
                Progress::Waiting => return Err(Wrong::AnotherEnd),
            };
            let (took, calls) = world.into_past();
            return Ok(Ran {
                output: match output {
                    Ok(output) => Ok(serde_json::from_str(output.get())?),
                    Err(failure) => Err(failure),
                },
                calls,
                status: match status {
                    Some(status) => Some(serde_json::from_str(status.get())?),
                    None => None,
                },
                took,
                generation,
            });
        }
    }
}

/// One generation of an instance.
struct Run<'a> {
    workflow: &'a Arc<dyn AnyKind>,
    input: &'a RawValue,
    generation: u32,
    names: &'a Arc<TestNames>,
    /// Events that the generation before did not take.
    mail: Vec<(String, Box<RawValue>)>,
}

impl Run<'_> {
    /// Runs it to its end, and then once more over what happened.
    fn lived(&self, world: &mut World) -> Result<Replay, Wrong> {
        let started_at = world.now();
        let mut first = self.begun(started_at)?;
        let journal = world.live(&mut first)?;
        if !matches!(first.progress(), Progress::Broken(_)) {
            let mut second = self.begun(started_at)?;
            for entry in &journal {
                entry.apply(&mut second)?;
            }
            if discriminant(first.progress()) != discriminant(second.progress()) {
                return Err(Wrong::AnotherEnd);
            }
        }
        Ok(first)
    }

    fn begun(&self, started_at: SystemTime) -> Result<Replay, Wrong> {
        let Prepared::Workflow(begin) = Arc::clone(self.workflow).prepare(self.input)? else {
            return Err(InvalidInput::new("", "it is no workflow").into());
        };
        let about = About {
            id: "00000000-0000-7000-8000-000000000001".to_owned(),
            generation: self.generation,
            started_at,
            kinds: Arc::clone(self.names) as _,
        };
        let mut replay = Replay::begin(begin, about, LIMIT);
        for (name, data) in &self.mail {
            let what = What::Event { name, data };
            replay.apply(Arrival {
                at: started_at,
                what,
            })?;
        }
        Ok(replay)
    }
}

#[cfg(test)]
mod tests;
