//! Workflows: instances whose turns are attempts at their tasks.
//!
//! An instance is a task with a journal in its record. Each message of it brings something: that it is to
//! begin, a step to be done, the end of a timer, an event. Whoever holds the message replays the journal, adds
//! what has arrived, and sees to what follows from that: so there are no leases and no control queues.
//!
//! | File | What it is about |
//! |---|---|
//! | `standing` | an instance with its journal replayed: what is open, and whose it is to see to that |
//! | `turn` | one message: what arrives, what is written, what follows |
//! | `advance` | a journal with more in it, written with the messages that follow |
//! | `step` | the work of one step |
//! | `sends` | the messages that open steps need |
//! | `members` | the members of a fan-out |
//! | `gather` | what members gave, together |
//! | `ends` | the end of an instance, told to the one that waits for it |
//! | `control` | what clients ask of an instance: events, suspend, resume |
//! | `history` | what has happened to an instance, for people |
//! | `names` | instances by what their clients call them |
//! | `many` | instances among the tasks |
//! | `codes` | who may do what to an instance |
//! | `locks` | what this process does side by side |

mod advance;
mod codes;
mod control;
mod ends;
mod gather;
mod history;
mod locks;
mod many;
mod members;
pub(crate) mod names;
mod sends;
mod standing;
mod step;
mod turn;

use std::sync::Arc;

use tokio::sync::OnceCell;

use self::codes::Signing;
use self::gather::Adds;
use self::locks::{Locks, UnderWay};
use crate::tasks::service::Tasks;
use crate::worker::Worker;
use ports::{Tallies, TaskStore};

pub use control::{Controlled, NewEvent};
pub use history::{History, HistoryStep, StepKind, StepState};
pub use many::{InstancePage, InstancesUnlisted};
pub use names::Begun;

/// What works on the messages of instances, and answers for them.
#[derive(Clone)]
pub struct Workflows {
    parts: Arc<Parts>,
}

struct Parts {
    worker: Arc<Worker>,
    tasks: Tasks,
    store: Arc<dyn TaskStore>,
    tallies: Arc<dyn Tallies>,
    locks: Locks,
    under_way: UnderWay,
    adds: Adds,
    codes: OnceCell<Signing>,
}

impl Workflows {
    pub(crate) fn new(
        worker: Arc<Worker>,
        tasks: Tasks,
        store: Arc<dyn TaskStore>,
        tallies: Arc<dyn Tallies>,
    ) -> Self {
        Self {
            parts: Arc::new(Parts {
                worker,
                tasks,
                store,
                tallies,
                locks: Locks::default(),
                under_way: UnderWay::default(),
                adds: Adds::default(),
                codes: OnceCell::new(),
            }),
        }
    }

    fn worker(&self) -> &Worker {
        &self.parts.worker
    }
}
