//! Runs a workflow over what its journal has: the same code, over the same arrivals, asks for the same.
//!
//! The engine [begins](Replay::begin) a replay, [applies](Replay::apply) what arrived in the journal's order,
//! and looks what is [open](Replay::open) and how [far](Replay::progress) it came. There is no clock, no
//! thread and no storage here; nothing happens between two arrivals.

mod arrival;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use serde_json::value::RawValue;

pub use super::command::Command;
pub use super::core::About;
pub use super::names::{Names, NoName};
pub use arrival::{Arrival, NonDeterministic, What};

use super::core::Core;
use super::flow::Flow;
use crate::any::{Begin, ResultLimit};
use crate::{BoxFuture, Failure};

/// How many hold on to the waker between two polls, when nobody does who should not.
const HOLDERS: usize = 2;

/// A workflow that is run over its journal.
pub struct Replay {
    core: Arc<Core>,
    /// Gone when it came to an end.
    future: Option<BoxFuture<'static, Result<Box<RawValue>, Failure>>>,
    progress: Progress,
    watch: Arc<Watch>,
    waker: Waker,
}

/// How far a workflow came.
#[derive(Debug)]
pub enum Progress {
    /// It waits for what is open.
    Waiting,
    /// It ended, with its result as JSON or with the reason why there is none.
    Ended(Result<Box<RawValue>, Failure>),
    /// It begins anew with this input, and with the events that nobody has taken
    /// ([`buffered`](Replay::buffered)).
    Continued(Box<RawValue>),
    /// Its code is defect: it panicked, or waited for something else than its flow, which is told.
    Broken(String),
}

/// A command that is neither done nor closed.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its number, in the order in which the workflow asked: 0 is the first.
    pub step: u32,
    /// By which arrival it was asked for: 0 is the beginning, n the n-th that was applied.
    pub issued_by: usize,
    /// What is asked for.
    pub command: Arc<Command>,
}

impl Replay {
    /// Runs a workflow from its beginning up to where it waits for the first time. Its result may be as
    /// large as the limit says.
    pub fn begin(begin: Begin, about: About, limit: ResultLimit) -> Self {
        let core = Arc::new(Core::new(about));
        let watch = Arc::new(Watch::default());
        let mut replay = Self {
            waker: Waker::from(Arc::clone(&watch)),
            watch,
            progress: Progress::Waiting,
            future: None,
            core,
        };
        let flow = Flow::new(Arc::clone(&replay.core));
        match catch_unwind(AssertUnwindSafe(|| begin(flow, limit))) {
            Ok(future) => replay.future = Some(future),
            Err(_) => replay.progress = panicked(),
        }
        replay.poll();
        replay
    }

    /// Lets the workflow have what arrived, and runs it up to where it waits again. Of a step that is done
    /// or closed, or after the end, it counts and does nothing.
    ///
    /// An arrival counts for [`issued_by`](Open::issued_by) when this gave no error.
    ///
    /// # Errors
    ///
    /// The workflow did not ask for it: its code is another than the one that the journal was written
    /// with, or not deterministic. Nothing has changed then.
    pub fn apply(&mut self, arrival: Arrival<'_>) -> Result<(), NonDeterministic> {
        let is_news = arrival::arrive(&mut self.core.state(), arrival)?;
        if is_news {
            self.poll();
        }
        Ok(())
    }

    /// How far it came.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// How far it came, once: it is taken, and there is no more to apply.
    pub fn take_progress(&mut self) -> Progress {
        std::mem::replace(&mut self.progress, Progress::Waiting)
    }

    /// The commands that are neither done nor closed, in the order of their steps. None after the end.
    pub fn open(&self) -> Vec<Open> {
        let state = self.core.state();
        let open = state.open.iter().map(|(step, issued)| Open {
            step: *step,
            issued_by: issued.by,
            command: Arc::clone(&issued.command),
        });
        open.collect()
    }

    /// Whether the step was asked for and is neither done nor closed.
    pub fn is_open(&self, step: u32) -> bool {
        self.core.state().open.contains_key(&step)
    }

    /// What the workflow says of itself, if it said anything.
    pub fn status(&self) -> Option<Box<RawValue>> {
        self.core.state().status.clone()
    }

    /// Names and data of the events that nobody has taken: those of one name in their order.
    pub fn buffered(&self) -> Vec<(String, Box<RawValue>)> {
        let state = self.core.state();
        let kept = state.mail.kept();
        kept.map(|(name, data)| (name.to_string(), data.to_owned()))
            .collect()
    }

    fn poll(&mut self) {
        let Some(mut future) = self.future.take() else {
            return;
        };
        loop {
            {
                let mut state = self.core.state();
                state.awaited = false;
                state.handed_on = false;
            }
            let mut cx = Context::from_waker(&self.waker);
            let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
            match polled {
                Ok(Poll::Ready(ended)) => self.progress = Progress::Ended(ended),
                Err(_) => self.progress = panicked(),
                Ok(Poll::Pending) => {
                    let mut state = self.core.state();
                    if self.watch.has_others(state.awaited) {
                        self.progress = Progress::Broken(
                            "the workflow waits for something else than its flow".to_owned(),
                        );
                    } else if let Some(input) = state.continued.take() {
                        self.progress = Progress::Continued(input);
                    } else if state.handed_on {
                        continue;
                    } else {
                        drop(state);
                        self.future = Some(future);
                        return;
                    }
                }
            }
            break;
        }
        // What it still held is closed, and an event goes back.
        if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
            self.progress = panicked();
        }
    }
}

/// Says nothing about the workflow.
impl Drop for Replay {
    fn drop(&mut self) {
        self.core.state().torn_down = true;
        let future = self.future.take();
        if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
            log::error!("a workflow panicked when its replay was given up");
        }
    }
}

fn panicked() -> Progress {
    Progress::Broken("the workflow broke off because of a defect".to_owned())
}

/// The waker of a workflow, which nobody wakes: futures of a flow neither keep it nor call it, and so it tells
/// of any other.
#[derive(Default)]
struct Watch {
    was_woken: AtomicBool,
}

impl Watch {
    /// Whether somebody else was waited for, in a poll that ended with nothing.
    fn has_others(self: &Arc<Self>, awaited: bool) -> bool {
        !awaited || Arc::strong_count(self) > HOLDERS || self.was_woken.load(Ordering::Relaxed)
    }
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_woken.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
