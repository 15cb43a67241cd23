//! Why there is no zip.

use std::io;
use std::path::{Path, PathBuf};

use super::binary::Unfit;

/// Why there is no zip. Every path is as it was given, or below that.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands) enum PackageError {
    #[error("cannot read {path}: {reason}")]
    Read { path: PathBuf, reason: io::Error },
    #[error("cannot write {path}: {reason}")]
    Write { path: PathBuf, reason: io::Error },
    #[error("{path} {reason}")]
    HostJson { path: PathBuf, reason: String },
    #[error("{path}: {reason}")]
    Ignore {
        path: PathBuf,
        reason: ignore::Error,
    },
    #[error("{root} has no function: no folder in it with a function.json that .funcignore leaves")]
    NoFunction { root: PathBuf },
    #[error("--with {path} is not inside {root}")]
    Outside { path: PathBuf, root: PathBuf },
    #[error("{path} is not packed: it is for this machine, and may hold secrets")]
    LocalSettings { path: PathBuf },
    #[error("{path} is the zip that is to be written")]
    Output { path: PathBuf },
    #[error("{path} has a name that is not UTF-8, or leads to another folder")]
    Name { path: PathBuf },
    #[error("{path} {reason}")]
    Unfit { path: PathBuf, reason: Unfit },
}

pub(super) fn cannot_read(path: &Path, reason: io::Error) -> PackageError {
    PackageError::Read {
        path: path.to_owned(),
        reason,
    }
}
