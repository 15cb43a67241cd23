//! One function of the Functions host.

use super::manifest::Start;

/// A function: a folder with its `function.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The folder's name.
    pub name: String,
    pub(super) start: Start,
}

impl Function {
    /// The text of its `function.json`.
    pub fn manifest(&self) -> String {
        self.start.manifest()
    }
}
