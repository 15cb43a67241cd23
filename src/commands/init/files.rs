//! The files of a new project, and how they are written: all of them, or none.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::{InitError, cannot_use};

/// A file of a project: its path in there, with `/`, and its text.
pub(super) type File = (String, String);

/// Writes the files into a folder, which is made if it is missing.
///
/// # Errors
///
/// When there is something in the folder, or a file cannot be written. What was made until then is
/// removed again.
pub(super) fn write(root: &Path, files: &[File]) -> Result<(), InitError> {
    let mut made = Made::default();
    let outcome = made.all(root, files);
    if outcome.is_err() {
        made.undo();
    }
    outcome
}

/// What was not there before, in the order in which it was made.
#[derive(Default)]
struct Made {
    paths: Vec<PathBuf>,
}

impl Made {
    fn all(&mut self, root: &Path, files: &[File]) -> Result<(), InitError> {
        self.folder(root)
            .map_err(|reason| cannot_use(root, reason))?;
        let found = children(root).map_err(|reason| cannot_use(root, reason))?;
        if !found.is_empty() {
            let root = root.to_owned();
            return Err(InitError::NotEmpty { root, found });
        }
        for (name, text) in files {
            let path = root.join(name);
            self.file(&path, text)
                .map_err(|reason| cannot_use(&path, reason))?;
        }
        Ok(())
    }

    /// Makes a folder, and those that it is in.
    fn folder(&mut self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent().filter(|parent| *parent != "") {
            self.folder(parent)?;
        }
        fs::create_dir(path)?;
        self.paths.push(path.to_owned());
        Ok(())
    }

    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            self.folder(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        self.paths.push(path.to_owned());
        file.write_all(text.as_bytes())
    }

    /// As far as the system lets it: the reason for it all is told, not what follows.
    fn undo(&self) {
        for path in self.paths.iter().rev() {
            let _ = match path.is_dir() {
                true => fs::remove_dir(path),
                false => fs::remove_file(path),
            };
        }
    }
}

/// Some of the names in a folder: enough to know it by.
fn children(folder: &Path) -> io::Result<Vec<String>> {
    let names =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    names.truncate(3);
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> File {
        (name.to_owned(), format!("text of {name}"))
    }

    #[test]
    fn what_cannot_be_written_whole_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/project");
        // No folder can be where a file is.
        let files = [file("src/main.rs"), file("README.md"), file("README.md/a")];
        let said = write(&root, &files).unwrap_err().to_string();
        let path = root.join("README.md/a");
        let start = format!("cannot use {}: ", path.display());
        assert!(said.starts_with(&start), "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_folder_that_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[file("a"), file("a")]).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        write(folder.path(), &[file("a"), file("b/c")]).unwrap();
        let text = fs::read_to_string(folder.path().join("b/c")).unwrap();
        assert_eq!(text, "text of b/c");
    }
}
