//! One delivery in, one outcome out. The worker's return value is the acknowledgement, and only the
//! trigger turns it into one; a message that this process holds itself is settled with the record.

pub(crate) mod again;
mod alive;
pub(crate) mod attempt;
pub(crate) mod attempting;
mod burial;
mod claim;
pub(crate) mod consumer;
pub(crate) mod ending;
pub(crate) mod files;
mod handed_over;
pub(crate) mod hold;
mod outcome;
mod parts;
mod run;
pub(crate) mod told;
pub(crate) mod turns;
mod watch;

pub use outcome::Outcome;
pub(crate) use parts::Worker;
