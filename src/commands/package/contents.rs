//! Which files of a project go into the zip: its host.json, its function folders and what was asked
//! for, without what .funcignore names.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::archive;
use super::error::{PackageError, cannot_read};

/// For `func start` on this machine; may hold keys.
const LOCAL_SETTINGS: &str = "local.settings.json";

/// The files found so far.
pub(super) struct Contents<'a> {
    root: &'a Path,
    ignored: Gitignore,
    /// What is at the place of the zip, if there is anything.
    output: Option<PathBuf>,
    /// Names in the zip, with where they are here. The order is the zip's.
    files: BTreeMap<String, PathBuf>,
}

impl<'a> Contents<'a> {
    /// A project with its host.json, and where the zip is to be. Without a .funcignore nothing is ignored.
    pub(super) fn new(root: &'a Path, output: &Path) -> Result<Self, PackageError> {
        let path = root.join(".funcignore");
        let mut ignored = GitignoreBuilder::new(root);
        let found = fs::symlink_metadata(&path);
        let is_missing = found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if !is_missing && let Some(reason) = ignored.add(&path) {
            return Err(PackageError::Ignore { path, reason });
        }
        let ignored = ignored
            .build()
            .map_err(|reason| PackageError::Ignore { path, reason })?;
        let files = BTreeMap::from([("host.json".to_owned(), root.join("host.json"))]);
        Ok(Self {
            root,
            ignored,
            output: fs::canonicalize(output).ok(),
            files,
        })
    }

    /// Adds every folder of the project that is a function.
    pub(super) fn add_functions(&mut self) -> Result<(), PackageError> {
        let found = self.files.len();
        for path in children(self.root)? {
            if path.join("function.json").is_file() && !self.is_ignored(&path, true) {
                self.add_below(&path)?;
            }
        }
        match self.files.len() > found {
            true => Ok(()),
            false => Err(PackageError::NoFunction {
                root: self.root.to_owned(),
            }),
        }
    }

    /// Adds a file or folder that was asked for by its path from the project, whatever .funcignore
    /// says of itself; what is below it is subject to the rules, and no zip that was written before.
    pub(super) fn add(&mut self, path: &Path) -> Result<(), PackageError> {
        let is_inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let has_name = path.file_name().is_some();
        if !is_inside || !has_name {
            return Err(PackageError::Outside {
                path: path.to_owned(),
                root: self.root.to_owned(),
            });
        }
        let path = self.root.join(path);
        if is_local_settings(&path) {
            return Err(PackageError::LocalSettings { path });
        }
        match fs::metadata(&path).map_err(|reason| cannot_read(&path, reason))? {
            found if found.is_dir() => self.add_below(&path),
            _ if self.is_output(&path) => Err(PackageError::Output { path }),
            _ => self.add_file(path),
        }
    }

    /// The names in the zip, with where the files are.
    pub(super) fn files(&self) -> impl Iterator<Item = (&String, &PathBuf)> {
        self.files.iter()
    }

    fn add_below(&mut self, folder: &Path) -> Result<(), PackageError> {
        for path in children(folder)? {
            let is_folder = path.is_dir();
            if self.is_ignored(&path, is_folder) || is_local_settings(&path) {
                continue;
            }
            match is_folder {
                // One that leads upwards would never end.
                true if path.is_symlink() => return Err(PackageError::Name { path }),
                true => self.add_below(&path)?,
                false if self.is_output(&path) || is_package(&path)? => {}
                false => self.add_file(path)?,
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf) -> Result<(), PackageError> {
        let name = path.strip_prefix(self.root).ok().and_then(|inside| {
            let parts = inside.components().filter_map(|part| match part {
                Component::Normal(name) => Some(name.to_str()),
                _ => None,
            });
            Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
        });
        match name {
            Some(name) => {
                self.files.insert(name, path);
                Ok(())
            }
            None => Err(PackageError::Name { path }),
        }
    }

    fn is_output(&self, path: &Path) -> bool {
        self.output.is_some() && fs::canonicalize(path).ok() == self.output
    }

    fn is_ignored(&self, path: &Path, is_folder: bool) -> bool {
        self.ignored.matched(path, is_folder).is_ignore()
    }
}

/// One that was written before holds what is packed now, and would be in every later one.
fn is_package(path: &Path) -> Result<bool, PackageError> {
    archive::is_package(path).map_err(|reason| cannot_read(path, reason))
}

fn is_local_settings(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == LOCAL_SETTINGS)
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, PackageError> {
    let paths = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    });
    paths.map_err(|reason| cannot_read(folder, reason))
}
