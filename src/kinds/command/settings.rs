//! What an operator says of a command.

use std::path::PathBuf;
use std::sync::Arc;

use super::{ExitCodes, Watchdog};
use crate::kinds::Schemas;

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
