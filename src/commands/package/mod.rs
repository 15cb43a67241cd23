//! `handler package`: the zip that a Function App on Linux runs.
//!
//! The project's own host.json and function folders go into it, because they may have been changed:
//! an `authLevel`, a schedule. The modes are written here, because what else zips keeps none.

mod archive;
mod binary;
mod contents;
mod error;

use std::path::{Path, PathBuf};
use std::{env, fs};

use archive::{Entries, Mode};
use contents::Contents;
pub(super) use error::PackageError;
use error::cannot_read;

/// What to pack, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Package {
    /// The zip to write; one that is there is replaced
    #[arg(long, default_value = "app.zip")]
    output: PathBuf,

    /// The binary to pack, for Linux; without it the one that runs
    #[arg(long)]
    binary: Option<PathBuf>,

    /// The project: the folder of host.json and the function folders
    #[arg(long, default_value = ".")]
    root: PathBuf,

    /// A file or folder of the project to pack as well, such as kinds.toml or work; may be repeated. Of a
    /// folder, what .funcignore names is left out, and every zip that this command wrote
    #[arg(long)]
    with: Vec<PathBuf>,
}

impl Package {
    /// Writes the zip, and says so.
    pub(super) fn run(self) -> Result<(), PackageError> {
        let host_json = self.root.join("host.json");
        let executable = executable(&host_json, &read(&host_json)?)?;
        let path = match self.binary {
            Some(path) => path,
            None => env::current_exe().map_err(|reason| PackageError::Read {
                path: "the binary that runs".into(),
                reason,
            })?,
        };
        let binary = read(&path)?;
        binary::check(&binary).map_err(|reason| PackageError::Unfit { path, reason })?;
        let mut contents = Contents::new(&self.root, &self.output)?;
        contents.add_functions()?;
        for path in &self.with {
            contents.add(path)?;
        }

        let mut entries = Entries::new();
        for (name, path) in contents.files() {
            let mode = Mode::of(path).map_err(|reason| cannot_read(path, reason))?;
            entries.insert(name.clone(), (mode, read(path)?));
        }
        entries.insert(executable, (Mode::Executable, binary));
        archive::write(&self.output, &entries).map_err(|reason| PackageError::Write {
            path: self.output.clone(),
            reason,
        })?;
        println!("{}: {} files", self.output.display(), entries.len());
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PackageError> {
    fs::read(path).map_err(|reason| cannot_read(path, reason))
}

/// The file that a host starts, as its host.json says. The host marks only a file of exactly this
/// name executable, wherever the zip came from.
fn executable(path: &Path, host_json: &[u8]) -> Result<String, PackageError> {
    let wrong = |reason: String| PackageError::HostJson {
        path: path.to_owned(),
        reason,
    };
    let manifest: serde_json::Value = serde_json::from_slice(host_json)
        .map_err(|error| wrong(format!("is not JSON: {error}")))?;
    let name = manifest
        .pointer("/customHandler/description/defaultExecutablePath")
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| wrong("lacks customHandler.description.defaultExecutablePath".to_owned()))?;
    let is_plain = !name.is_empty()
        && !name.contains('\\')
        && name.split('/').all(|part| !["", ".", ".."].contains(&part));
    match is_plain {
        true => Ok(name.to_owned()),
        false => Err(wrong(format!(
            "has the defaultExecutablePath {name:?}, which is no path inside the zip, such as handler"
        ))),
    }
}

#[cfg(test)]
mod tests;
