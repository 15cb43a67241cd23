//! The data folder and the lock that keeps a second process out of it.
//!
//! SQLite itself would let two processes share the file, but then nobody could tell a message that
//! is being worked on from one whose worker died, see [`release_all`](super::queue::release_all).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

use super::OpenError;

/// Says that the folder is ours until this is dropped; the operating system frees it if we die.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Creates the folder when it is missing, and takes it.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::folder(folder, cause);
        fs::create_dir_all(folder).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("tasks.lock"))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                folder: folder.to_owned(),
            }),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }
}
