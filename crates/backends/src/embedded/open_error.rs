//! Why a data folder could not be opened: one sentence each, with the folder or file in it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::errors::is_damage;

/// Why [`Embedded::open`](super::Embedded::open) failed. `Display` is meant for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or another handle in this one) holds the folder.
    #[error(
        "another handler uses the data folder {}: stop it, or give this one a folder of its own",
        folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },

    /// The path names something that is not a folder.
    #[error("the data folder {} is not a folder: name another one", folder.display())]
    NotAFolder {
        /// The data folder.
        folder: PathBuf,
    },

    /// The folder, or a file in it, is read-only for this process.
    #[error(
        "cannot write to {}: give the handler's user permission to write, \
         or name another data folder",
        path.display()
    )]
    NotWritable {
        /// The folder or the file.
        path: PathBuf,
    },

    /// The folder failed in another way.
    #[error("cannot use the data folder {}: {cause}", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },

    /// A later release of the handler wrote the file.
    #[error(
        "{} has schema version {found}, and this handler knows versions up to {known}: \
         install the release that wrote it, or a later one",
        file.display()
    )]
    NewerSchema {
        /// The database file.
        file: PathBuf,
        /// The version in the file.
        found: u32,
        /// The latest version this build can use.
        known: u32,
    },

    /// The file is of an earlier release, and what should lead to this one failed.
    #[error(
        "cannot bring {} from schema version {found} to {wanted}: {cause}; \
         the file is as it was: go back to the release before, or make room and start again",
        file.display()
    )]
    Migration {
        /// The database file.
        file: PathBuf,
        /// The version in the file, before and after.
        found: u32,
        /// The version that could not be reached.
        wanted: u32,
        /// What SQLite says, in its own fixed words.
        cause: &'static str,
    },

    /// The file is not SQLite's, or it is corrupt.
    #[error(
        "{} is damaged or not a database: restore it from a backup, or move it away to start empty",
        file.display()
    )]
    Damaged {
        /// The database file.
        file: PathBuf,
    },

    /// SQLite failed in another way.
    #[error("cannot open {}: {cause}", file.display())]
    Database {
        /// The database file.
        file: PathBuf,
        /// What SQLite says.
        cause: rusqlite::Error,
    },
}

impl OpenError {
    pub(super) fn folder(folder: &Path, cause: io::Error) -> Self {
        let folder = folder.to_owned();
        match cause.kind() {
            // `create_dir_all` says "exists" when a file has the name.
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                Self::NotAFolder { folder }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path: folder }
            }
            _ => Self::Folder { folder, cause },
        }
    }

    /// A new file is at version 0: it has nothing to go back to, and fails as any other statement.
    pub(super) fn migration(file: &Path, found: u32, wanted: u32, cause: rusqlite::Error) -> Self {
        match cause.sqlite_error() {
            Some(error) if found > 0 && !is_damage(&cause) => Self::Migration {
                file: file.to_owned(),
                found,
                wanted,
                cause: rusqlite::ffi::code_to_str(error.extended_code),
            },
            _ => Self::database(file, cause),
        }
    }

    pub(super) fn database(file: &Path, cause: rusqlite::Error) -> Self {
        let file = file.to_owned();
        if is_damage(&cause) {
            Self::Damaged { file }
        } else if cause.sqlite_error_code() == Some(ErrorCode::ReadOnly) {
            Self::NotWritable { path: file }
        } else {
            Self::Database { file, cause }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_folder_is_named_with_what_to_do() {
        let error = OpenError::folder(
            Path::new("data"),
            io::Error::from(io::ErrorKind::ReadOnlyFilesystem),
        );

        assert_eq!(
            error.to_string(),
            "cannot write to data: give the handler's user permission to write, \
             or name another data folder"
        );
    }

    #[test]
    fn a_read_only_file_is_named_with_what_to_do() {
        let cause = rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY),
            None,
        );

        let error = OpenError::database(Path::new("data/tasks.db"), cause);

        assert!(
            error
                .to_string()
                .starts_with("cannot write to data/tasks.db: ")
        );
    }
}
