//! What a step's future holds on to: its number, until the step is done or nobody waits.

use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Poll;

use super::core::{Core, Fired, Given, State};

/// What a step gives when it is done.
pub(super) trait Gift: Sized {
    /// Takes what was kept for the step.
    fn take(state: &mut State, step: u32) -> Option<Self>;
}

impl Gift for Given {
    fn take(state: &mut State, step: u32) -> Option<Self> {
        state.given.remove(&step)
    }
}

impl Gift for Vec<Given> {
    fn take(state: &mut State, step: u32) -> Option<Self> {
        state.given_all.remove(&step)
    }
}

impl Gift for Fired {
    fn take(state: &mut State, step: u32) -> Option<Self> {
        state.fired.remove(&step).then_some(Fired)
    }
}

/// A step's place among all; dropped, it closes the step.
pub(super) struct Ticket<G: Gift> {
    pub(super) core: Arc<Core>,
    pub(super) step: u32,
    is_over: bool,
    gives: PhantomData<fn() -> G>,
}

impl<G: Gift> Ticket<G> {
    pub(super) fn new(core: Arc<Core>, step: u32) -> Self {
        Self {
            core,
            step,
            is_over: false,
            gives: PhantomData,
        }
    }

    pub(super) fn poll(&mut self) -> Poll<G> {
        // Who polls it after its end waits for nothing that could arrive.
        if self.is_over {
            return Poll::Pending;
        }
        let mut state = self.core.state();
        match G::take(&mut state, self.step) {
            Some(gift) => {
                drop(state);
                self.is_over = true;
                Poll::Ready(gift)
            }
            None => {
                state.awaited = true;
                Poll::Pending
            }
        }
    }

    /// What was kept for the step and not taken, when nobody waits any more.
    pub(super) fn leave(&mut self) -> Option<G> {
        if self.is_over {
            return None;
        }
        self.is_over = true;
        let mut state = self.core.state();
        state.close(self.step);
        G::take(&mut state, self.step)
    }

    /// As people are told of the step.
    pub(super) fn told(&self, name: &str) -> String {
        told(self.step, name)
    }
}

impl<G: Gift> Drop for Ticket<G> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// As people are told of a step.
pub(super) fn told(step: u32, name: &str) -> String {
    format!("step {step} ({name})")
}
