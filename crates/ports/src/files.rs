//! What storage must do for the files of kinds: read, write and delete one, and list a folder.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::StorageError;

/// The most bytes that a file has: whoever reads or writes one has it in memory as a whole.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// The files of kinds, by name. They last until somebody deletes them.
///
/// Nothing is asked of storage, and nothing created there, until one of these is called.
#[async_trait]
pub trait Files: Send + Sync {
    /// The files that are in this folder and in no folder below it, in the bytewise order of their names.
    /// One that does not exist has none. What is there under another name than a [`FileName`] is left out.
    async fn list(&self, folder: &FileName) -> Result<Vec<FileName>, StorageError>;

    /// Reads a file; `None` when there is none. One that is larger than [`MAX_FILE_BYTES`], which somebody
    /// else wrote, is a permanent failure.
    async fn read(&self, name: &FileName) -> Result<Option<Bytes>, StorageError>;

    /// Writes a file of up to [`MAX_FILE_BYTES`], whether it is there or not. Whoever reads it has what was
    /// there before, or all of this; it survives a power cut.
    ///
    /// A file cannot have the name of a folder, nor a folder that of a file, where storage has real folders:
    /// that is a permanent failure.
    async fn write(&self, name: &FileName, content: Bytes) -> Result<(), StorageError>;

    /// Deletes a file; `false` when there is none.
    async fn delete(&self, name: &FileName) -> Result<bool, StorageError>;
}

/// The name of a file, or of a folder of files: parts of 1 to 200 bytes with `/` in between, 512 bytes in
/// all. No part begins or ends with a dot, or has a control character or a `\` in it.
///
/// So no name leads out of the folder that all files are in, and each is one that Azure Storage ([Naming
/// blobs](https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata))
/// and file systems keep as it is. Clones share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Arc<str>);

/// The text is no name of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAFileName;

impl FileName {
    /// The most bytes that a name has.
    pub const LONGEST: usize = 512;

    /// The most bytes that a part of it has.
    pub const LONGEST_PART: usize = 200;

    /// The name, as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts: the folders, outermost first, and the file.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl TryFrom<&str> for FileName {
    type Error = NotAFileName;

    fn try_from(name: &str) -> Result<Self, NotAFileName> {
        let is_part = |part: &str| {
            (1..=Self::LONGEST_PART).contains(&part.len())
                && !part.starts_with('.')
                && !part.ends_with('.')
                && !part.contains(|c: char| c.is_control() || c == '\\')
        };
        if name.len() <= Self::LONGEST && name.split('/').all(is_part) {
            Ok(Self(name.into()))
        } else {
            Err(NotAFileName)
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NotAFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "is not a name of parts of 1 to {} bytes with / in between, {} bytes in all, of which none \
             begins or ends with a dot or has a control character or a backslash in it",
            FileName::LONGEST_PART,
            FileName::LONGEST
        )
    }
}

impl std::error::Error for NotAFileName {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_parts_are_names() {
        let long = format!("{}/{}", "x".repeat(200), "y".repeat(200));
        for name in [
            "a",
            "raw/0.csv",
            "a b/c%2F?#+&<>'\"",
            "ä/世界.csv",
            "~",
            "a..b",
            &long,
        ] {
            let parsed = FileName::try_from(name).unwrap();
            assert_eq!(parsed.to_string(), name);
            assert_eq!(parsed.parts().collect::<Vec<_>>().join("/"), name);
        }
    }

    #[test]
    fn what_leads_elsewhere_or_cannot_be_kept_is_no_name() {
        let (part, whole) = ("x".repeat(201), vec!["x".repeat(102); 5].join("/"));
        for name in [
            "", "/", "/abs", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", ".hidden", "a/.b",
            "a.", "a./b", "a\\b", "..\\a", "a\0", "a\nb", "C:\\a", &part, &whole,
        ] {
            assert_eq!(FileName::try_from(name), Err(NotAFileName), "{name:?}");
        }
    }

    #[test]
    fn hostile_texts_are_no_names_or_stay_inside() {
        corpus::each_text(stays_inside);
    }

    fn stays_inside(text: &str) {
        if let Ok(name) = FileName::try_from(text) {
            for part in name.parts() {
                assert!(!part.is_empty() && part != "." && part != "..", "{text:?}");
            }
            let path = std::path::Path::new(name.as_str());
            let is_plain = |c| matches!(c, std::path::Component::Normal(_));
            assert!(
                path.is_relative() && path.components().all(is_plain),
                "{text:?}"
            );
            assert_eq!(path.components().count(), name.parts().count(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_no_name_or_stays_inside(text in corpus::any_text(), path in "[a./\\\\]{0,8}") {
            stays_inside(&text);
            stays_inside(&path);
        }
    }
}
