//! `handler check-kinds`: what is wrong with a kinds file, without a start.

use std::path::PathBuf;

use work::{KindRefused, Kinds};

use crate::config;
use crate::kinds::file::{FileError, KindsFile};

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
    #[error(transparent)]
    Kind(#[from] KindRefused),
}

impl CheckKinds {
    /// Reads the file as the start does, beside the kinds of this binary, and names those it tells of and
    /// those of the binary on stdout.
    pub(super) fn run(self, kinds: Kinds) -> Result<(), CheckError> {
        let kinds = kinds.checked()?;
        let set = || config::variable("KINDS_FILE").map(PathBuf::from);
        let path = self.file.or_else(set).ok_or(CheckError::NoFile)?;
        let file = KindsFile::read(&path)?;
        let names: Vec<_> = file.kinds().iter().map(|kind| kind.name.as_str()).collect();
        let told = format!("{}: {}", path.display(), names.join(", "));
        let own: Vec<_> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        let beside = match &own[..] {
            [] => "none".to_owned(),
            own => own.join(", "),
        };
        let told = format!("{told}\nin this binary: {beside}");
        let allows_http = config::variable("KINDS_ALLOW_HTTP")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        file.register(kinds, allows_http)?.checked()?;
        println!("{told}");
        Ok(())
    }
}
