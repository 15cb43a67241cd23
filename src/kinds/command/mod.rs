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
mod settings;

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use work::InvalidInput;
use work::any::{AnyKind, Prepared};

pub use exit::ExitCodes;
pub use process::Watchdog;
pub use settings::Command;

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
