//! The name of a crate: the folder's, if Cargo and the compiler take it.

use std::path::Path;

use super::error::{InitError, cannot_use};

/// A name that a crate with a binary can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CrateName(String);

/// Those of the edition 2024, and those it keeps for later.
const WORDS_OF_RUST: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates that come with the compiler.
const OF_THE_COMPILER: &[&str] = &["alloc", "core", "proc_macro", "std", "test"];

/// Folders in which Cargo puts what it builds, beside the binary.
const OF_CARGO: &[&str] = &["build", "deps", "examples", "incremental"];

/// Crates that the new one depends on.
const DEPENDENCIES: &[&str] = &["async_request_reply", "serde", "tokio"];

impl CrateName {
    /// The name of a folder, which need not be there yet.
    pub(super) fn of(folder: &Path) -> Result<Self, InitError> {
        let name = match folder.file_name() {
            Some(name) => name.to_owned(),
            // `.` and `..` are some folder.
            None => {
                let folder = folder
                    .canonicalize()
                    .map_err(|reason| cannot_use(folder, reason))?;
                folder.file_name().unwrap_or_default().to_owned()
            }
        };
        let name = name.to_string_lossy().into_owned();
        match fault(&name) {
            None => Ok(Self(name)),
            Some(reason) => Err(InitError::Name { name, reason }),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules are those of `cargo new`, which has more for crates that are published.
fn fault(name: &str) -> Option<&'static str> {
    let may_follow = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let compiled = name.replace('-', "_");
    let compiled = compiled.as_str();
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        Some("it does not begin with a letter from a to z")
    } else if !name.chars().all(may_follow) {
        Some("it has something else than letters from a to z, digits, - and _")
    } else if WORDS_OF_RUST.contains(&compiled) {
        Some("it is a word of Rust")
    } else if OF_THE_COMPILER.contains(&compiled) {
        Some("a crate that comes with Rust has the name")
    } else if OF_CARGO.contains(&compiled) {
        Some("Cargo has a folder of this name for what it builds")
    } else if DEPENDENCIES.contains(&compiled) {
        Some("a crate that it needs has the name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_takes_is_a_name() {
        for name in ["thumbnails", "word-count", "a_1", "X", "handler", "tests"] {
            let folder = Path::new("somewhere").join(name);
            assert_eq!(CrateName::of(&folder).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_the_reason() {
        for (name, reason) in [
            ("1st", "does not begin"),
            ("-", "does not begin"),
            ("-a", "does not begin"),
            ("_", "does not begin"),
            ("_a", "does not begin"),
            (".a", "does not begin"),
            ("émoi", "does not begin"),
            ("naïve", "something else"),
            ("a b", "something else"),
            ("a.b", "something else"),
            ("match", "word of Rust"),
            ("gen", "word of Rust"),
            ("test", "comes with Rust"),
            ("proc-macro", "comes with Rust"),
            ("deps", "Cargo has a folder"),
            ("serde", "that it needs"),
            ("async-request-reply", "that it needs"),
        ] {
            let said = CrateName::of(Path::new(name)).unwrap_err().to_string();
            let start = format!("a crate cannot be named {name:?}, as its folder is: ");
            assert!(said.starts_with(&start) && said.contains(reason), "{said}");
        }
    }

    #[test]
    fn a_folder_without_a_name_of_its_own_is_looked_up() {
        let folder = tempfile::Builder::new().prefix("a").tempdir().unwrap();
        let below = folder.path().join("below");
        std::fs::create_dir(&below).unwrap();
        let name = CrateName::of(&below.join("..")).unwrap();
        let expected = folder.path().file_name().unwrap().to_str();
        assert_eq!(Some(name.as_str()), expected);

        let said = CrateName::of(Path::new("/")).unwrap_err().to_string();
        assert!(said.contains(r#"named "", as"#), "{said}");
        let said = CrateName::of(Path::new("missing/.."))
            .unwrap_err()
            .to_string();
        assert!(said.starts_with("cannot use missing/..: "), "{said}");
    }
}
