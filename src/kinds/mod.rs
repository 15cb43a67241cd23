//! The kinds of work of the service: those that come with it, registered like anybody's, and those that are
//! told in a [file](mod@file) and done by a [`command`] or behind a [URL](mod@http).

pub mod command;
mod fibonacci;
pub mod file;
pub mod http;
mod process_data;
mod schemas;

use std::time::Duration;

use work::{KindRefused, Kinds, Policy, any};

pub use schemas::{InvalidSchema, Schemas};

use self::fibonacci::Fibonacci;
use self::file::{FileError, KindsFile};
use self::process_data::ProcessData;
use crate::config::Config;
use crate::surfaces::PROCESS_DATA;
use engine::R0_KIND;

/// The kind that computes Fibonacci numbers, whose index `max_number` bounds, of either sign.
pub fn with_fibonacci(kinds: Kinds, max_number: u64) -> Kinds {
    let policy = Policy::default()
        .description("Computes a Fibonacci number, exactly")
        .pure();
    kinds.with(R0_KIND, any::of_blocking(Fibonacci { max_number }), policy)
}

/// The kind that waits for so long, and tells what it was given.
pub fn with_process_data(kinds: Kinds, pause: Duration) -> Kinds {
    let policy = Policy::default()
        .description("Waits, and tells what it was given: here to be replaced")
        .pure();
    kinds.with(PROCESS_DATA, any::of(ProcessData { pause }), policy)
}

/// The kinds that come with the service.
pub fn standard(max_number: u64, pause: Duration) -> Kinds {
    with_process_data(with_fibonacci(Kinds::default(), max_number), pause)
}

/// What keeps a process from knowing what work it can do.
#[derive(Debug, thiserror::Error)]
pub enum KindsError {
    /// A kind has a name or a policy that cannot be.
    #[error(transparent)]
    Kind(#[from] KindRefused),
    /// A line of the file is wrong.
    #[error("KINDS_FILE: {0}")]
    File(#[from] FileError),
}

/// These kinds, and those of the file that the settings name.
///
/// # Errors
///
/// The first kind that cannot be registered, or the first line of the file that is wrong.
pub fn with_those_of_file(kinds: Kinds, config: &Config) -> Result<Kinds, KindsError> {
    let kinds = kinds.checked()?;
    match &config.kinds_file {
        Some(file) => {
            let file = KindsFile::read(file)?;
            Ok(file.register(kinds, config.kinds_allow_http)?.checked()?)
        }
        None => Ok(kinds),
    }
}
