//! Where the program of a command is.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Finds a program as a shell does: a name in the folders of `path`, what has a slash from the folder of
/// the command on.
///
/// The library would look itself, in a copy of this process, which takes the longer the more memory it has.
///
/// # Errors
///
/// None of the folders has it.
pub(super) fn find(program: &str, folder: &Path, path: &OsStr) -> io::Result<PathBuf> {
    if program.contains('/') {
        return Ok(folder.join(program));
    }
    env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no folder of PATH has it"))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_as_a_shell_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = env::join_paths([Path::new("relative"), folder.path()]).unwrap();
        let file = folder.path().join("thumb");
        let found = |program| find(program, Path::new("/work"), &path);

        assert_eq!(found("thumb").unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&file, "").unwrap();
        assert_eq!(found("thumb").unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(found("thumb").unwrap(), file);
        assert_eq!(found("./thumb").unwrap(), Path::new("/work/./thumb"));
        assert_eq!(found("/bin/true").unwrap(), Path::new("/bin/true"));
    }
}
