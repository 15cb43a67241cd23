//! The text of a kinds file, and where in it something is wrong.

use std::fmt::Display;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A kinds file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {reason}", file.display(), line.map_or(String::new(), |line| format!(":{line}")))]
pub struct FileError {
    /// The file, as the setting names it.
    pub file: PathBuf,
    /// The line at fault, from 1, if the file can be read.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub reason: String,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Text {
    file: PathBuf,
    /// The folder of the file: where its paths begin, and its commands work.
    pub(super) folder: PathBuf,
    pub(super) text: String,
}

impl Text {
    /// Reads a file.
    pub(super) fn read(file: &Path) -> Result<Self, FileError> {
        let unreadable = |error| FileError {
            file: file.to_owned(),
            line: None,
            reason: format!("cannot be read: {error}"),
        };
        // A process that changes its folder later does not change that of its commands.
        let whole = fs::canonicalize(file).map_err(unreadable)?;
        Ok(Self {
            file: file.to_owned(),
            folder: whole.parent().unwrap_or(&whole).to_owned(),
            text: fs::read_to_string(&whole).map_err(unreadable)?,
        })
    }

    /// Refuses the file because of what stands here.
    pub(super) fn refusal(&self, at: Range<usize>, reason: impl Display) -> FileError {
        let before = self.text.as_bytes().iter().take(at.start);
        FileError {
            file: self.file.clone(),
            line: Some(1 + before.filter(|byte| **byte == b'\n').count()),
            // The parser's sentences have more than one line.
            reason: reason.to_string().replace('\n', ", "),
        }
    }
}
