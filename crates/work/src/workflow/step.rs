//! The futures of a flow, each of one step. Dropped before it gave something, a step is closed: what comes of
//! it later counts for nothing.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::command::Command;
use super::core::{Fired, Given};
use super::ticket::{Gift, Ticket};
use super::{Retry, StepError};
use crate::ErrorCode;
use crate::input::parse;

/// One call: gives the result, or why there is none.
#[must_use = "a call that nobody waits for is closed"]
pub struct Call<O> {
    pub(super) asked: Asked<Given>,
    pub(super) name: Arc<str>,
    pub(super) gives: PhantomData<fn() -> O>,
}

/// Many calls of the same: gives all results, in the order of the inputs.
#[must_use = "calls that nobody waits for are closed"]
pub struct All<O> {
    pub(super) asked: Asked<Vec<Given>>,
    pub(super) name: Arc<str>,
    pub(super) members: usize,
    pub(super) gives: PhantomData<fn() -> O>,
}

/// Many calls of the same: gives all results, or the first failure.
#[must_use = "calls that nobody waits for are closed"]
pub struct OrFirstFailure<O>(All<O>);

/// Some time to pass.
#[must_use = "a timer that nobody waits for is closed"]
pub struct Sleep(pub(super) Ticket<Fired>);

/// The next event of a name: gives its data.
#[must_use = "an event that nobody waits for is left for others"]
pub struct Event<T> {
    pub(super) ticket: Ticket<Given>,
    pub(super) name: Arc<str>,
    pub(super) gives: PhantomData<fn() -> T>,
}

/// A step that is waited for, or what was wrong with it.
pub(super) enum Asked<G: Gift> {
    /// It is a command.
    Issued(Ticket<G>),
    /// It is none. Holds why, until that was given.
    Refused(Option<StepError>),
}

impl<O> Call<O> {
    /// How often it is tried. To be said at once: after anything was awaited it counts for nothing.
    pub fn retry(self, new: Retry) -> Self {
        self.changed(|command| {
            if let Command::Call { retry, .. } = command {
                *retry = Some(new);
            }
        })
    }

    /// How long one attempt may last. To be said at once: after anything was awaited it counts for nothing.
    pub fn time_limit(self, new: Duration) -> Self {
        self.changed(|command| {
            if let Command::Call { time_limit, .. } = command {
                *time_limit = Some(new);
            }
        })
    }

    fn changed(self, change: impl FnOnce(&mut Command)) -> Self {
        if let Asked::Issued(ticket) = &self.asked {
            let mut state = ticket.core.state();
            let applied = state.applied;
            // What was issued before may be under way.
            if let Some(issued) = state.open.get_mut(&ticket.step)
                && issued.by == applied
                && let Some(command) = Arc::get_mut(&mut issued.command)
            {
                change(command);
            }
        }
        self
    }
}

impl<O: DeserializeOwned> Future for Call<O> {
    type Output = Result<O, StepError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match &mut this.asked {
            Asked::Issued(ticket) => ticket.poll().map(|given| {
                let result = read(given, StepError::INVALID_RESULT);
                result.map_err(|error| error.of_step(ticket.told(&this.name)))
            }),
            Asked::Refused(why) => why
                .take()
                .map_or(Poll::Pending, |why| Poll::Ready(Err(why))),
        }
    }
}

impl<O> All<O> {
    /// All results; or, when any of the calls failed, the failure of the first of them in the order of the
    /// inputs. The others are done all the same.
    pub fn or_first_failure(self) -> OrFirstFailure<O> {
        OrFirstFailure(self)
    }
}

impl<O: DeserializeOwned> All<O> {
    fn poll_each<T>(&mut self, gather: impl FnOnce(Results<'_, O>) -> T) -> Poll<T> {
        match &mut self.asked {
            Asked::Issued(ticket) => ticket.poll().map(|given| {
                let step = ticket.told(&self.name);
                gather(&mut given.into_iter().enumerate().map(|(member, given)| {
                    read(given, StepError::INVALID_RESULT)
                        .map_err(|error| error.of_step(format!("member {member} of {step}")))
                }))
            }),
            Asked::Refused(why) => match why.take() {
                Some(why) => {
                    let mut each = (0..self.members).map(|_| Err(why.clone()));
                    Poll::Ready(gather(&mut each))
                }
                None if self.members == 0 => Poll::Ready(gather(&mut std::iter::empty())),
                None => Poll::Pending,
            },
        }
    }
}

type Results<'a, O> = &'a mut dyn Iterator<Item = Result<O, StepError>>;

impl<O: DeserializeOwned> Future for All<O> {
    type Output = Vec<Result<O, StepError>>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_each(|results| results.collect())
    }
}

impl<O: DeserializeOwned> Future for OrFirstFailure<O> {
    type Output = Result<Vec<O>, StepError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_each(|results| results.collect())
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0.poll().map(|Fired| ())
    }
}

impl<T: DeserializeOwned> Future for Event<T> {
    type Output = Result<T, StepError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.ticket.poll().map(|given| {
            let data = read_event(given);
            data.map_err(|error| error.of_step(this.ticket.told(&this.name)))
        })
    }
}

impl<T> Drop for Event<T> {
    fn drop(&mut self) {
        if let Some(Ok(data)) = self.ticket.leave() {
            self.ticket.core.state().put_back(&self.name, data);
        }
    }
}

/// The data of an event. A text that the workflow does not take is read as the JSON in it: the SDK of Durable Functions
/// for Python sends the data of events as such a text.
fn read_event<T: DeserializeOwned>(given: Given) -> Result<T, StepError> {
    let data = given?;
    if let Ok(text) = serde_json::from_str::<String>(data.get())
        && parse::<T>(&data).is_err()
        && let Ok(within) = RawValue::from_string(text)
        && let Ok(data) = parse(&within)
    {
        return Ok(data);
    }
    read(Ok(data), StepError::INVALID_EVENT)
}

/// What was given, as the workflow takes it. A refusal repeats no value.
fn read<T: DeserializeOwned>(given: Given, code: ErrorCode) -> Result<T, StepError> {
    parse(&given?).map_err(|invalid| {
        let message = match &*invalid.field {
            "" => format!("it gave something else than expected: {invalid}"),
            field => format!("it gave something else than expected, at {field}: {invalid}"),
        };
        StepError::new(code, message)
    })
}
