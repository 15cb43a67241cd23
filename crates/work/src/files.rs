//! Files that kinds read and write: who keeps them, and why one was not to be had.

mod memory;

use std::error::Error;
use std::fmt;

use crate::{BoxFuture, ErrorCode, Failure};

pub use memory::MemoryFiles;

/// The longest name, and the longest part of one between two `/`, in bytes.
const LONGEST: usize = 512;
const LONGEST_PART: usize = 200;

/// The most bytes that a file has.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// Whether a text is the name of a file, or of a folder of files: parts of 1 to 200 bytes with `/` in
/// between, 512 bytes in all, of which none begins or ends with a dot or has a control character or a `\`
/// in it. So `raw/0.csv` is one; `/raw`, `raw/`, `raw//0.csv`, `../raw` and `.raw` are none.
pub fn is_file_name(name: &str) -> bool {
    let is_part = |part: &str| {
        (1..=LONGEST_PART).contains(&part.len())
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains(|c: char| c.is_control() || c == '\\')
    };
    name.len() <= LONGEST && name.split('/').all(is_part)
}

/// Keeps files: the engine, or [`MemoryFiles`] in a test. Work reaches it by
/// [`Context::files`](crate::Context::files), which asks with names that [are some](is_file_name) and contents
/// of up to [`MAX_FILE_BYTES`] alone.
///
/// The futures may be polled on a thread that blocks, so what needs a runtime uses a handle of its own.
pub trait FileStore: Send + Sync {
    /// The names of the files that are in this folder and in none below it, in their bytewise order.
    fn list(&self, folder: String) -> BoxFuture<'static, Result<Vec<String>, FileError>>;

    /// The content of a file; [`FileError::NotFound`] when there is none.
    fn read(&self, name: String) -> BoxFuture<'static, Result<Vec<u8>, FileError>>;

    /// Writes a file, whether it is there or not.
    fn write(&self, name: String, content: Vec<u8>) -> BoxFuture<'static, Result<(), FileError>>;

    /// Deletes a file; `false` when there is none.
    fn delete(&self, name: String) -> BoxFuture<'static, Result<bool, FileError>>;
}

/// Why a file was not to be had, or not to be written.
///
/// With `?` it becomes a [`Failure`]: a transient one where storage is away, so that the attempt is repeated,
/// and a permanent one otherwise. That is why it is no [`Error`] itself, any of which becomes a transient one.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// There is no file of this name. Permanent, with the code `FileNotFound`.
    NotFound(String),
    /// A text that [is no name](is_file_name) of a file. Permanent, with the code `InvalidFileName`.
    InvalidName(String),
    /// The content has more bytes than [`MAX_FILE_BYTES`]: so many. Permanent, with the code `FileTooLarge`.
    TooLarge(usize),
    /// Storage cannot do it now; later it may. Transient, with the code `FilesUnavailable`.
    Unavailable(Box<dyn Error + Send + Sync>),
    /// Storage will not do it until somebody acts. Permanent, with the code `FilesUnusable`.
    Unusable(Box<dyn Error + Send + Sync>),
    /// Nobody keeps files here. Permanent, with the code `NoFiles`.
    NoFiles,
    /// Other work would stand still meanwhile: async work uses [`Context::files`](crate::Context::files), and
    /// quick work does without. Permanent, with the code `MustNotBlock`.
    MustNotBlock,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(name) => write!(f, "there is no file {name:?}"),
            Self::InvalidName(name) => {
                let name: String = name.chars().take(LONGEST_PART).collect();
                write!(f, "{name:?} is no name of a file")
            }
            Self::TooLarge(bytes) => write!(
                f,
                "a file of {bytes} bytes is too large: it may have {MAX_FILE_BYTES}"
            ),
            Self::Unavailable(_) => f.write_str("the files cannot be reached now"),
            Self::Unusable(_) => {
                f.write_str("the files cannot be used, for a reason that the log tells")
            }
            Self::NoFiles => f.write_str("nobody keeps files here"),
            Self::MustNotBlock => f.write_str("work that must not block cannot wait for a file"),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let told = error.to_string();
        let code = match error {
            FileError::NotFound(_) => const { ErrorCode::literal("FileNotFound") },
            FileError::InvalidName(_) => const { ErrorCode::literal("InvalidFileName") },
            FileError::TooLarge(_) => const { ErrorCode::literal("FileTooLarge") },
            FileError::NoFiles => const { ErrorCode::literal("NoFiles") },
            FileError::MustNotBlock => const { ErrorCode::literal("MustNotBlock") },
            FileError::Unavailable(source) => {
                return Self::transient("FilesUnavailable", told).with_source(source);
            }
            FileError::Unusable(source) => {
                return Self::permanent("FilesUnusable", told).with_source(source);
            }
        };
        Self::permanent(code, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Told;

    fn told(error: FileError) -> (bool, String, String) {
        match Failure::from(error).told() {
            Told::Permanent { code, message } => (false, code.to_string(), message),
            Told::Transient { code, message } => (true, code.to_string(), message),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn what_may_pass_is_transient_and_nothing_else_is() {
        let cause = || "503 ServerBusy".into();
        for (error, is_transient, code) in [
            (FileError::NotFound("a".to_owned()), false, "FileNotFound"),
            (
                FileError::InvalidName("/".to_owned()),
                false,
                "InvalidFileName",
            ),
            (FileError::TooLarge(1 << 30), false, "FileTooLarge"),
            (FileError::Unavailable(cause()), true, "FilesUnavailable"),
            (FileError::Unusable(cause()), false, "FilesUnusable"),
            (FileError::NoFiles, false, "NoFiles"),
            (FileError::MustNotBlock, false, "MustNotBlock"),
        ] {
            let told = told(error);
            assert_eq!((told.0, &*told.1), (is_transient, code), "{}", told.2);
        }
    }

    #[test]
    fn the_cause_is_told_to_the_log_alone() {
        let failure = Failure::from(FileError::Unavailable("503 ServerBusy".into()));
        assert_eq!(failure.source().unwrap().to_string(), "503 ServerBusy");
        let told = format!("{:?}", failure.told());
        assert!(!told.contains("ServerBusy"), "{told}");
    }

    #[test]
    fn a_name_of_any_length_is_told_in_short() {
        let (_, _, message) = told(FileError::InvalidName("é".repeat(5_000)));
        assert!(message.len() < 500, "{message}");
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["a", "raw/0.csv", "a b/ä", "a..b"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in [
            "", "/a", "a/", "a//b", "..", "a/../b", ".a", "a.", "a\\b", "a\nb",
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
