//! The kinds of work of the service: those that come with it, registered like anybody's, and those that are
//! told in a [file](file) and done by a [`command`].

pub mod command;
mod fibonacci;
pub mod file;
mod schemas;

use work::{Kinds, Policy, any};

pub use schemas::{InvalidSchema, Schemas};

use self::fibonacci::Fibonacci;
use self::file::{FileError, KindsFile};
use crate::config::Config;
use engine::R0_KIND;

/// The kinds that come with the service. `max_number` bounds the Fibonacci index, of either sign.
pub fn standard(max_number: u64) -> Kinds {
    let policy = Policy::default()
        .description("Computes a Fibonacci number, exactly")
        .pure();
    Kinds::default().with(R0_KIND, any::of_blocking(Fibonacci { max_number }), policy)
}

/// The kinds of a process with these settings: those that come with the service, and those of the file.
///
/// # Errors
///
/// The first line of the file that is wrong.
pub fn of(config: &Config) -> Result<Kinds, FileError> {
    let kinds = standard(config.max_number);
    match &config.kinds_file {
        Some(file) => KindsFile::read(file)?.register(kinds),
        None => Ok(kinds),
    }
}
