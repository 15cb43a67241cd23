//! Why there is no new project.

use std::io;
use std::path::{Path, PathBuf};

use crate::functions::{Fault, WriteError};

/// Why there is no project. Every path is as it was given, or below that. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands) enum InitError {
    #[error("{} is not empty: it has {}", .root.display(), .found.join(", "))]
    NotEmpty { root: PathBuf, found: Vec<String> },
    #[error("cannot use {path}: {reason}")]
    File { path: PathBuf, reason: io::Error },
    #[error("a crate cannot be named {name:?}, as its folder is: {reason}")]
    Name { name: String, reason: &'static str },
    #[error("--path {path} is no checkout of {}: {reason}", env!("CARGO_PKG_NAME"))]
    Checkout { path: PathBuf, reason: String },
    #[error("local.settings.json is not what it should be: {0}")]
    Settings(serde_json::Error),
    #[error(transparent)]
    Functions(#[from] Fault),
    #[error(transparent)]
    Write(#[from] WriteError),
}

pub(super) fn cannot_use(path: &Path, reason: io::Error) -> InitError {
    InitError::File {
        path: path.to_owned(),
        reason,
    }
}
