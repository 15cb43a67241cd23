//! `KINDS_FILE`: kinds of work told in a TOML file, in place of Rust.
//!
//! ```text
//! the file ─▶ document (what may stand where) ─▶ entry (what it means) ─▶ KindsFile ─▶ work::Kinds
//! ```
//!
//! Each refusal names the file, the line and the reason.

mod document;
mod entry;
mod text;
mod values;

use std::path::Path;
use std::sync::Arc;

use work::Kinds;
use work::any::AnyKind;

pub use entry::{FileKind, Means, UrlKind};
pub use text::FileError;

use self::text::Text;

/// The kinds that a file tells of.
#[derive(Debug)]
pub struct KindsFile {
    text: Text,
    kinds: Vec<FileKind>,
}

impl KindsFile {
    /// Reads a file, and the schemas that it names.
    ///
    /// # Errors
    ///
    /// The first line that is wrong.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = Text::read(path)?;
        let kinds = entry::read(&text)?;
        Ok(Self { text, kinds })
    }

    /// The kinds, in the order of the file.
    pub fn kinds(&self) -> &[FileKind] {
        &self.kinds
    }

    /// Adds these kinds to others.
    ///
    /// # Errors
    ///
    /// One of them has the name of another.
    pub fn register(self, kinds: Kinds) -> Result<Kinds, FileError> {
        let Self { text, kinds: told } = self;
        told.into_iter().try_fold(kinds, |kinds, kind| {
            let FileKind {
                name,
                at,
                policy,
                means,
            } = kind;
            if kinds.get(name.as_str()).is_some() {
                let reason = format!("the service has a kind named \"{name}\" of its own");
                return Err(text.refusal(at, reason));
            }
            let any: Arc<dyn AnyKind> = match means {
                Means::Command(command) => Arc::new(command),
                Means::Url(_) => {
                    return Err(text.refusal(at, "kinds behind a URL are not done yet"));
                }
            };
            Ok(kinds.with(name.as_str(), any, policy))
        })
    }
}

#[cfg(test)]
mod tests;
