//! Processes as Unix has them: in groups, with pipes and signals.

mod attempt;
mod environment;
mod group;
mod pipes;
mod program;
mod stderr;
mod watchdog;

pub(in crate::kinds::command) use attempt::run;
pub use watchdog::Watchdog;
