//! The folder of the files, and what is done in it. Everything blocks.
//!
//! A file is written beside the others, synced, and then given its name: who reads it sees the one before
//! or all of this one, also after a power cut. Files and folders are their owner's.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use crate::embedded::folder::sync;
use crate::private;
use ports::{FileName, MAX_FILE_BYTES};

/// Where files are before they have their name. No [`FileName`] begins with a dot.
const UNFINISHED: &str = ".unfinished";

/// The folder that all files are in. One process has it.
#[derive(Debug)]
pub(super) struct FileFolder {
    root: PathBuf,
    unfinished: PathBuf,
    /// Held by who gives or takes a name, so that a folder does not go in between.
    naming: Mutex<()>,
}

impl FileFolder {
    /// Creates it when it is missing, and deletes what a process left behind that died.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let unfinished = root.join(UNFINISHED);
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let is_new = !root.exists();
        private::create_folder(&unfinished)?;
        if let (true, Some(parent)) = (is_new, root.parent()) {
            sync(parent);
        }
        Ok(Self {
            root: root.to_owned(),
            unfinished,
            naming: Mutex::default(),
        })
    }

    fn path(&self, name: &FileName) -> PathBuf {
        self.root.join(name.as_str())
    }

    pub(super) fn list(&self, folder: &FileName) -> io::Result<Vec<FileName>> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let file = entry.file_name();
            let name = file.to_str().map(|file| format!("{folder}/{file}"));
            let name = name.and_then(|name| FileName::try_from(&*name).ok());
            if let (Some(name), true) = (name, entry.path().is_file()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn read(&self, name: &FileName) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => return Ok(None),
            // Some systems say of a folder that it may not be opened.
            Err(_) if path.is_dir() => return Ok(None),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let mut content = Vec::with_capacity(
            usize::try_from(metadata.len())
                .unwrap_or(0)
                .min(MAX_FILE_BYTES),
        );
        file.take(MAX_FILE_BYTES as u64 + 1)
            .read_to_end(&mut content)?;
        if content.len() > MAX_FILE_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(Some(content))
    }

    pub(super) fn write(&self, name: &FileName, content: &[u8]) -> io::Result<()> {
        let unfinished = self.unfinished.join(Uuid::new_v4().to_string());
        let written = self.write_unfinished(&unfinished, content);
        let named = written.and_then(|()| self.give_name(&unfinished, &self.path(name)));
        if named.is_err() {
            // It may not be there.
            let _ = fs::remove_file(&unfinished);
        }
        named
    }

    fn write_unfinished(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        // Somebody may have tidied up.
        private::create_folder(&self.unfinished)?;
        let mut file = private::options().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    }

    fn give_name(&self, unfinished: &Path, path: &Path) -> io::Result<()> {
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        let folders: Vec<_> = path
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.root)
            .collect();
        let missing = folders.iter().filter(|folder| !folder.exists()).count();
        if let Some(folder) = folders.first() {
            private::create_folder(folder)?;
        }
        fs::rename(unfinished, path)?;
        // The folder that has the name, and above it those that have a new folder.
        for folder in path.ancestors().skip(1).take(1 + missing) {
            sync(folder);
        }
        Ok(())
    }

    pub(super) fn delete(&self, name: &FileName) -> io::Result<bool> {
        let path = self.path(name);
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if is_absence(&error) => return Ok(false),
            Err(_) if path.is_dir() => return Ok(false),
            Err(error) => return Err(error),
        }
        // A folder is there for the files in it: without any, its name is free again.
        for folder in path
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.root)
        {
            if fs::remove_dir(folder).is_err() {
                sync(folder);
                return Ok(true);
            }
        }
        sync(&self.root);
        Ok(true)
    }
}

/// Whether there is nothing of that name: neither itself, nor a folder that it could be in.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
