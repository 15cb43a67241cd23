//! The data folder and the lock that keeps a second process out of it.
//!
//! SQLite itself would let two processes share the file, but then nobody could tell a message that
//! is being worked on from one whose worker died, see [`release_all`](super::queue::release_all).

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use super::OpenError;
use crate::private;

/// Says that the folder is ours until this is dropped; the operating system frees it if we die.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Creates the folder when it is missing, and takes it.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::folder(folder, cause);
        create(folder).map_err(failed)?;
        let file = private::options()
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

/// Keeps the files of a folder that is ours from others: they hold what clients sent. SQLite gives the
/// files beside the database its mode. The folder is its owner's: what others may do there is told, and
/// left.
pub(super) fn keep_private(folder: &Path) {
    if private::is_open_to_others(folder) {
        let folder = folder.display();
        log::warn!(
            "others may look into the data folder {folder}; its files are kept from them; to close \
             it: chmod 700 {folder}"
        );
    }
    // SQLite would create it for all to read. What fails here fails there too, and is told.
    let _ = private::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("tasks.db"));
    for file in ["tasks.db", "tasks.db-wal", "tasks.db-shm", "tasks.lock"] {
        private::close_to_others(&folder.join(file));
    }
}

/// Creates what is missing of a path, for good: a folder outlives a power loss once the one it is in
/// is synced. SQLite syncs the data folder for the files in it, and nobody the folders above.
fn create(folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|path| !path.exists());
    let parents: Vec<_> = missing.filter_map(Path::parent).collect();
    match parents.first() {
        Some(parent) => {
            fs::create_dir_all(parent)?;
            private::create_folder(folder)?;
        }
        // Fails when it is no folder.
        None => fs::create_dir_all(folder)?,
    }
    for parent in parents {
        let here = Path::new(".");
        let parent = if parent == Path::new("") {
            here
        } else {
            parent
        };
        sync(parent);
    }
    Ok(())
}

/// Sees to it that the names in a folder are on the disk.
pub(super) fn sync(folder: &Path) {
    // Some systems cannot open a folder, and some file systems cannot sync one, nor need to.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
