//! `handler check-kinds`: what is wrong with a kinds file, without a start.

use std::path::PathBuf;

use crate::config;
use crate::kinds::file::{FileError, KindsFile};
use crate::kinds::standard;

/// Which file to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckKinds {
    /// The file; without one, that of the setting
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Why the service would not start with the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error("there is no file to check: name one, or set KINDS_FILE")]
    NoFile,
    #[error(transparent)]
    File(#[from] FileError),
}

impl CheckKinds {
    /// Reads the file as the start does, and names the kinds that it tells of on stdout.
    pub(super) fn run(self) -> Result<(), CheckError> {
        let set = || config::variable("KINDS_FILE").map(PathBuf::from);
        let path = self.file.or_else(set).ok_or(CheckError::NoFile)?;
        let file = KindsFile::read(&path)?;
        let names: Vec<_> = file
            .kinds()
            .iter()
            .map(|kind| kind.name.to_string())
            .collect();
        // The names of its own are the same whatever its settings are.
        let allows_http = config::variable("KINDS_ALLOW_HTTP")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        file.register(standard(0), allows_http)?;
        println!("{}: {}", path.display(), names.join(", "));
        Ok(())
    }
}
