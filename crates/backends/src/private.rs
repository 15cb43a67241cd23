//! Files and folders for their owner alone, on systems that have owners. Elsewhere they are as the
//! folder above says.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

/// What group and others may do with a file or a folder.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Options by which a file that is created is its owner's.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a folder for its owner, in one that exists. It may have been created meanwhile.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Whether others may do anything with a file or a folder.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}

/// Takes from others what they may do with a file, if it is there. Tells when that fails: the file is
/// somebody else's, or its file system knows no modes.
#[cfg(unix)]
pub fn close_to_others(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if !is_open_to_others(file) {
        return;
    }
    let closed = file.metadata().and_then(|metadata| {
        let mut permissions = metadata.permissions();
        permissions.set_mode(permissions.mode() & !OTHERS);
        std::fs::set_permissions(file, permissions)
    });
    if let Err(cause) = closed {
        log::warn!("others may read {}: {cause}", file.display());
    }
}

/// There is nothing to see.
#[cfg(not(unix))]
pub fn is_open_to_others(_: &Path) -> bool {
    false
}

/// There is nothing to close.
#[cfg(not(unix))]
pub fn close_to_others(_: &Path) {}
