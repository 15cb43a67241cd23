//! What a workflow does: everything it asks for goes through here.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use super::command::{Command, MAX_MEMBERS};
use super::core::{Core, later};
use super::names::Callee;
use super::step::{All, Asked, Call, Event, Sleep};
use super::ticket::{Gift, Ticket, told};
use super::{StepError, id};
use crate::Failure;

/// One run of a workflow: what it asks for, and what it may know. A clone is the same run.
///
/// A step begins when its method is called, not when its future is polled, so that two can be made and then
/// awaited. Dropped, a future closes its step: a task that it called is not waited for any more.
#[derive(Clone)]
pub struct Flow(Arc<Core>);

impl Flow {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self(core)
    }

    /// Calls a kind of work or another workflow, and gives its result.
    pub fn call<I: Serialize, O: DeserializeOwned>(
        &self,
        callee: Callee<I, O>,
        input: &I,
    ) -> Call<O> {
        let (name, asked) = self.ask(&callee, |name| {
            Ok(Command::Call {
                name,
                input: written(input)?,
                retry: None,
                time_limit: None,
            })
        });
        Call {
            asked,
            name,
            gives: PhantomData,
        }
    }

    /// Calls the same kind of work or workflow with each of these inputs, side by side, and gives all
    /// results in the order of the inputs: [`MAX_MEMBERS`] at the most, which fail otherwise with the code
    /// `TooManyMembers`. Without inputs there is nothing to wait for.
    pub fn all<I: Serialize, O: DeserializeOwned>(
        &self,
        callee: Callee<I, O>,
        inputs: Vec<I>,
    ) -> All<O> {
        let members = inputs.len();
        let (name, asked) = match members {
            0 => ("".into(), Asked::Refused(None)),
            _ => self.ask(&callee, |name| {
                if members > MAX_MEMBERS {
                    return Err(StepError::new(
                        StepError::TOO_MANY_MEMBERS,
                        format!("{members} are too many: a step has at most {MAX_MEMBERS} members"),
                    ));
                }
                let inputs = inputs.iter().map(written).collect::<Result<_, _>>()?;
                Ok(Command::All { name, inputs })
            }),
        };
        All {
            asked,
            name,
            members,
            gives: PhantomData,
        }
    }

    /// Waits until so much time has passed since [`now`](Self::now).
    pub fn sleep(&self, wait: Duration) -> Sleep {
        let mut state = self.0.state();
        let at = later(state.now, wait);
        let step = state.issue(Command::Timer { at });
        drop(state);
        Sleep(self.ticket(step))
    }

    /// Waits until this time; not at all if it is over.
    pub fn sleep_until(&self, at: SystemTime) -> Sleep {
        let wait = at.duration_since(self.now()).unwrap_or_default();
        self.sleep(wait)
    }

    /// Waits for the next event of this name, which somebody raises from outside. Events are kept until
    /// somebody takes them, in their order; each is taken once.
    pub fn event<T: DeserializeOwned>(&self, name: &str) -> Event<T> {
        let name: Arc<str> = name.into();
        let step = self.0.state().issue(Command::Event {
            name: Arc::clone(&name),
        });
        Event {
            ticket: self.ticket(step),
            name,
            gives: PhantomData,
        }
    }

    /// The time of what happened last, in whole milliseconds: the same in every run, and never earlier than
    /// it was. Use it in place of the clock.
    pub fn now(&self) -> SystemTime {
        self.0.state().now
    }

    /// A new id, in the form of a UUID: the same in every run, and another one with each call. It is made
    /// of the instance's id, and so no secret to who knows that.
    pub fn new_id(&self) -> String {
        let mut state = self.0.state();
        let ordinal = state.ids;
        state.ids += 1;
        drop(state);
        id::derived(&self.0.about.id, self.0.about.generation, ordinal)
    }

    /// The instance's id.
    pub fn id(&self) -> &str {
        &self.0.about.id
    }

    /// Says what people are told of the instance while it lasts; the last word counts. What cannot be
    /// written as JSON is not said, and logged.
    pub fn set_status(&self, status: impl Serialize) {
        match to_raw_value(&status) {
            Ok(status) => self.0.state().status = Some(status),
            Err(error) => log::error!("the status of a workflow is no JSON: {error}"),
        }
    }

    /// How much has arrived: a workflow that goes on for long continues as new before this is in the
    /// thousands.
    pub fn history_len(&self) -> usize {
        self.0.state().applied
    }

    /// Ends this run and begins the next one with this input, without a history. Steps that are open are
    /// closed; events that nobody has taken are kept. It never gives anything.
    ///
    /// # Errors
    ///
    /// The input cannot be written as JSON.
    pub async fn continue_as_new<T>(&self, input: impl Serialize) -> Result<T, Failure> {
        let input = written(&input)?;
        let _asked = Continuing::with(Arc::clone(&self.0), input);
        poll_fn(|_| {
            self.0.state().awaited = true;
            Poll::Pending
        })
        .await
    }

    /// A step that calls something, and the name of that for people.
    fn ask<I, O, G: Gift>(
        &self,
        callee: &Callee<I, O>,
        command: impl FnOnce(Arc<str>) -> Result<Command, StepError>,
    ) -> (Arc<str>, Asked<G>) {
        let name = callee.which().name(&*self.0.about.kinds);
        let (name, command) = match name {
            Ok(name) => (Arc::clone(&name), command(name)),
            Err(why) => (
                callee.which().told().into(),
                Err(StepError::new(StepError::NOT_REGISTERED, why)),
            ),
        };
        let mut state = self.0.state();
        let asked = match command {
            Ok(command) => {
                let step = state.issue(command);
                drop(state);
                Asked::Issued(self.ticket(step))
            }
            Err(error) => {
                let step = state.refuse();
                Asked::Refused(Some(error.of_step(told(step, &name))))
            }
        };
        (name, asked)
    }

    fn ticket<G: Gift>(&self, step: u32) -> Ticket<G> {
        Ticket::new(Arc::clone(&self.0), step)
    }
}

/// That the run is to end and the next to begin, as long as somebody waits for it.
struct Continuing(Arc<Core>);

impl Continuing {
    fn with(core: Arc<Core>, input: Box<RawValue>) -> Self {
        core.state().continued = Some(input);
        Self(core)
    }
}

impl Drop for Continuing {
    fn drop(&mut self) {
        self.0.state().continued = None;
    }
}

fn written(input: &impl Serialize) -> Result<Box<RawValue>, StepError> {
    to_raw_value(input).map_err(|_| {
        StepError::new(
            StepError::INVALID_INPUT,
            "its input cannot be written as JSON",
        )
    })
}
