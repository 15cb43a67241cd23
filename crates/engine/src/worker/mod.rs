//! One delivery in, one outcome out. The worker never talks to the queue: its return value is the
//! acknowledgement, and only the trigger turns it into one.

pub(crate) mod again;
pub(crate) mod attempt;
mod burial;
mod claim;
pub(crate) mod consumer;
mod delivery;
mod ending;
mod handed_over;
mod run;
pub(crate) mod slots;
mod told;
mod watch;

pub use delivery::{Delivery, Outcome};
pub(crate) use run::Worker;
