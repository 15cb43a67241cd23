//! Writes the folders, and their lines in `.funcignore`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;

use super::function::Function;
use super::manifest::{Level, Start};

/// Between these lines of `.funcignore` the folders stand; the others are their author's.
const START: &str = "# functions\n";

/// See [`START`].
const END: &str = "# /functions\n";

/// A `.funcignore` where there was none.
const REST: &str = "# The published zip holds the handler, host.json and the function folders, nothing \
                    else.\n/*\n!/handler\n!/host.json\n";

/// Why the folders were not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file or a folder cannot be read or written.
    #[error("cannot use {}: {cause}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Nobody can tell which of its lines are ours.
    #[error("{} has no lines \"# functions\" and \"# /functions\", between which the folders stand", .0.display())]
    NoMarks(PathBuf),
    /// Whose key it asks for cannot be known, and must not be lost.
    #[error("{} is not JSON: {cause}", path.display())]
    NotJson {
        /// The function's manifest.
        path: PathBuf,
        /// Where it stops being JSON.
        cause: serde_json::Error,
    },
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files that are new or other than before, below the root.
    pub changed: Vec<PathBuf>,
    /// Folders with a function that is not ours. They were left alone.
    pub others: Vec<String>,
}

/// Writes a folder for each function below the root, and their lines into its `.funcignore`. A folder
/// that asks for a key goes on asking for it: so submission is closed under the host, by hand.
///
/// # Errors
///
/// When a file cannot be read, understood or written. What was written before stays.
pub fn write(root: &Path, functions: &[Function]) -> Result<Written, WriteError> {
    let mut written = Written::default();
    for function in functions {
        let name = Path::new(&function.name).join("function.json");
        let path = root.join(&name);
        let before = read(&path)?;
        let mut start = function.start.clone();
        if let (Start::Http(http), Some(text)) = (&mut start, &before) {
            http.level = http.level.max(level_in(text).map_err(|cause| {
                let path = path.clone();
                WriteError::NotJson { path, cause }
            })?);
        }
        let manifest = start.manifest();
        if before.as_deref() != Some(&manifest) {
            save(&path, &manifest)?;
            written.changed.push(name);
        }
    }
    let path = root.join(".funcignore");
    let before = read(&path)?;
    let text = funcignore(before.as_deref(), functions).ok_or(WriteError::NoMarks(path.clone()))?;
    if before.as_deref() != Some(&text) {
        save(&path, &text)?;
        written.changed.push(".funcignore".into());
    }
    written.others = others(root, functions)?;
    Ok(written)
}

/// The text of `.funcignore`, made from the one before; `None` when that does not say where the folders
/// stand.
pub fn funcignore(before: Option<&str>, functions: &[Function]) -> Option<String> {
    let rows: String = functions
        .iter()
        .map(|function| format!("!/{}\n", function.name))
        .collect();
    let Some(before) = before else {
        return Some([REST, START, &rows, END].concat());
    };
    let (head, rest) = before.split_once(START)?;
    let (_, tail) = rest.split_once(END)?;
    Some([head, START, &rows, END, tail].concat())
}

/// Whose key a manifest asks for. The host reads the word in any case.
fn level_in(manifest: &str) -> Result<Level, serde_json::Error> {
    let manifest: Value = serde_json::from_str(manifest)?;
    let bindings = manifest["bindings"].as_array().into_iter().flatten();
    let levels = bindings.filter_map(|binding| match binding["authLevel"].as_str() {
        Some(level) if level.eq_ignore_ascii_case("function") => Some(Level::Function),
        Some(level) if level.eq_ignore_ascii_case("admin") => Some(Level::Admin),
        _ => None,
    });
    Ok(levels.max().unwrap_or(Level::Anonymous))
}

/// The folders below the root whose function is none of these.
fn others(root: &Path, functions: &[Function]) -> Result<Vec<String>, WriteError> {
    let entries = fs::read_dir(root).map_err(|cause| failed(root, cause))?;
    let mut others: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("function.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| functions.iter().all(|function| function.name != *name))
        .collect();
    others.sort();
    Ok(others)
}

fn read(path: &Path) -> Result<Option<String>, WriteError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(failed(path, cause)),
    }
}

fn save(path: &Path, text: &str) -> Result<(), WriteError> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|cause| failed(path, cause))
}

fn failed(path: &Path, cause: io::Error) -> WriteError {
    let path = path.to_owned();
    WriteError::File { path, cause }
}
