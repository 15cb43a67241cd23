//! A kind of work that a program does: one process for each attempt.
//!
//! ```text
//! input ─▶ stdin ─┐                    ┌─▶ stdout ─▶ result
//!                 ├─▶ process group ───┤
//! Context.stop ───┘                    ├─▶ stderr ─▶ progress, error, log
//!                                      └─▶ exit code ─▶ succeeded, or which failure
//! ```
//!
//! The group ends with its leader, with the attempt, and with the service: see [`Watchdog`].

mod exit;
#[cfg(not(unix))]
#[path = "no_process.rs"]
mod process;
#[cfg(unix)]
mod process;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use work::InvalidInput;
use work::any::{AnyKind, Prepared};

pub use exit::ExitCodes;
pub use process::Watchdog;

use super::Schemas;

/// A program, and what its kind takes and gives.
#[derive(Debug)]
pub struct Command {
    /// Where it is: a path, from the folder on, or a name to be looked for in `PATH`.
    pub program: String,
    /// Its arguments, which no shell looks at.
    pub arguments: Vec<String>,
    /// The folder in which it works.
    pub folder: PathBuf,
    /// Variables that are passed on to it beside those that every command has.
    pub pass_env: Vec<String>,
    /// What its exit codes mean.
    pub exit_codes: ExitCodes,
    /// What its input and its result are.
    pub schemas: Schemas,
    /// What ends its processes when the service has died.
    pub watchdog: Arc<Watchdog>,
}

impl AnyKind for Command {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        self.schemas.check(input)
    }

    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput> {
        self.schemas.check(input)?;
        let input = input.to_owned();
        Ok(Prepared::Waiting(Box::new(move |cx, limit| {
            Box::pin(process::run(self, input, cx, limit))
        })))
    }

    fn input_schema(&self) -> Option<Value> {
        self.schemas.input().cloned()
    }

    fn output_schema(&self) -> Option<Value> {
        self.schemas.output().cloned()
    }
}

#[cfg(all(test, unix))]
mod tests;
