//! What is wrong with an app's files, and reading them.

use std::path::Path;

use serde::de::DeserializeOwned;

/// A manifest the host would refuse, or one that needs what this double leaves out.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct Fault {
    file: String,
    reason: String,
}

impl Fault {
    pub(crate) fn new(file: impl Into<String>, reason: impl ToString) -> Self {
        Self {
            file: file.into(),
            reason: reason.to_string(),
        }
    }
}

/// Reads a JSON file; an error says which file and which key.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, name: &str) -> Result<T, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| Fault::new(name, error))?;
    let mut json = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| Fault::new(name, error))
}
