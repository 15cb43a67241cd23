//! An app root of its own for every host: a project's manifests and its built handler.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// A folder laid out as a published app, removed when dropped.
pub struct AppRoot(PathBuf);

impl AppRoot {
    /// Copies the manifests of `project`, and links `handler` under that name. The folder is made in
    /// `scratch`: no copy is made of a handler on the same file system.
    pub fn of_project(project: &Path, handler: &Path, scratch: &Path) -> io::Result<Self> {
        let root = scratch.join(format!("app-{}", Uuid::now_v7()));
        fs::create_dir_all(&root)?;
        let root = Self(root);
        for name in ["host.json", "local.settings.json"] {
            fs::copy(project.join(name), root.0.join(name))?;
        }
        for entry in fs::read_dir(project)? {
            let entry = entry?;
            let manifest = entry.path().join("function.json");
            if manifest.is_file() {
                let folder = root.0.join(entry.file_name());
                fs::create_dir(&folder)?;
                fs::copy(manifest, folder.join("function.json"))?;
            }
        }
        root.link("handler", handler)?;
        Ok(root)
    }

    /// Writes a file of this name under the root, its folder made if need be, in place of one that is
    /// there. For tests with other manifests.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let file = self.0.join(name);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        // Not written through: a linked file is also Cargo's.
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::write(file, text),
        }
    }

    /// A hard link, because the handler is large; a copy where links do not reach.
    fn link(&self, name: &str, target: &Path) -> io::Result<()> {
        let link = self.0.join(name);
        fs::hard_link(target, &link).or_else(|_| fs::copy(target, &link).map(drop))
    }
}

impl AsRef<Path> for AppRoot {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for AppRoot {
    fn drop(&mut self) {
        // What stays behind lies in a folder for what may.
        let _ = fs::remove_dir_all(&self.0);
    }
}
