//! The text format of Prometheus (0.0.4).

use std::fmt::{Display, Write};

/// Families of samples, one after the other. Writing to a string cannot fail.
#[derive(Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a family: its name, its type and what it tells.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample of the family; without labels when the text is empty.
    pub fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }

    /// A family of one sample.
    pub fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, "", value);
    }

    /// The document.
    pub fn into_text(self) -> String {
        self.0
    }
}
