//! Files that an attempt reads and writes.

use std::sync::Arc;

use super::Context;
use crate::files::{FileError, FileStore, MAX_FILE_BYTES, is_file_name};
use crate::wait::wait_for;

impl Context {
    /// The service's files, for work that waits. They are of all tasks, and last until somebody deletes
    /// them.
    ///
    /// An attempt may be repeated, so what it writes should depend on its input and on the
    /// [task's id](Self::task_id) alone: then a file that is written again is the same.
    pub fn files(&self) -> Files {
        Files(self.attempt.parts.files.clone())
    }

    /// The service's files, for a [`BlockingKind`](crate::BlockingKind), whose thread sleeps meanwhile.
    ///
    /// Each call fails with [`FileError::MustNotBlock`] when the work
    /// [is quick](crate::BlockingKind::is_quick) or async, so that its thread is not its own.
    pub fn blocking_files(&self) -> BlockingFiles {
        BlockingFiles(match self.may_block {
            true => Some(self.files()),
            false => None,
        })
    }
}

/// The service's files, see [`Context::files`]. Names are [as `is_file_name` says](is_file_name), folders as
/// well.
#[derive(Clone)]
pub struct Files(Option<Arc<dyn FileStore>>);

impl Files {
    /// The names of the files that are in this folder and in none below it, in their bytewise order: of
    /// `raw` those like `raw/0.csv`, and none of `raw2`. A folder that does not exist has none.
    ///
    /// # Errors
    ///
    /// The name is none, or storage is away.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let store = self.store(folder)?;
        store.list(folder.to_owned()).await
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// There is none, the name is none, or storage is away.
    pub async fn read(&self, name: &str) -> Result<Vec<u8>, FileError> {
        let store = self.store(name)?;
        store.read(name.to_owned()).await
    }

    /// Writes a file of up to [`MAX_FILE_BYTES`], whether it is there or not. Whoever reads it has what was
    /// there before, or all of this.
    ///
    /// # Errors
    ///
    /// It is too large, the name is none, or storage is away.
    pub async fn write(&self, name: &str, content: impl Into<Vec<u8>>) -> Result<(), FileError> {
        let store = self.store(name)?;
        let content = content.into();
        if content.len() > MAX_FILE_BYTES {
            return Err(FileError::TooLarge(content.len()));
        }
        store.write(name.to_owned(), content).await
    }

    /// Deletes a file; `false` when there is none.
    ///
    /// # Errors
    ///
    /// The name is none, or storage is away.
    pub async fn delete(&self, name: &str) -> Result<bool, FileError> {
        let store = self.store(name)?;
        store.delete(name.to_owned()).await
    }

    /// Who is asked for what has this name.
    fn store(&self, name: &str) -> Result<&dyn FileStore, FileError> {
        if !is_file_name(name) {
            return Err(FileError::InvalidName(name.to_owned()));
        }
        self.0.as_deref().ok_or(FileError::NoFiles)
    }
}

/// The service's files for work that may block, see [`Context::blocking_files`].
#[derive(Clone)]
pub struct BlockingFiles(Option<Files>);

impl BlockingFiles {
    /// As [`Files::list`].
    ///
    /// # Errors
    ///
    /// Those of `Files::list`, and [`FileError::MustNotBlock`].
    pub fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        wait_for(self.files()?.list(folder))
    }

    /// As [`Files::read`].
    ///
    /// # Errors
    ///
    /// Those of `Files::read`, and [`FileError::MustNotBlock`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, FileError> {
        wait_for(self.files()?.read(name))
    }

    /// As [`Files::write`].
    ///
    /// # Errors
    ///
    /// Those of `Files::write`, and [`FileError::MustNotBlock`].
    pub fn write(&self, name: &str, content: impl Into<Vec<u8>>) -> Result<(), FileError> {
        wait_for(self.files()?.write(name, content))
    }

    /// As [`Files::delete`].
    ///
    /// # Errors
    ///
    /// Those of `Files::delete`, and [`FileError::MustNotBlock`].
    pub fn delete(&self, name: &str) -> Result<bool, FileError> {
        wait_for(self.files()?.delete(name))
    }

    fn files(&self) -> Result<&Files, FileError> {
        self.0.as_ref().ok_or(FileError::MustNotBlock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ContextParts;

    #[tokio::test]
    async fn a_file_is_there_for_every_context_of_the_same_files() {
        let parts = ContextParts::for_test();
        let (cx, other) = (Context::new(parts.clone()), Context::new(parts));
        cx.files().write("raw/0.csv", "a,b\n").await.unwrap();
        assert_eq!(other.files().read("raw/0.csv").await.unwrap(), b"a,b\n");
        let elsewhere = Context::for_test().files().read("raw/0.csv").await;
        assert!(matches!(elsewhere, Err(FileError::NotFound(name)) if name == "raw/0.csv"));
        assert!(other.files().delete("raw/0.csv").await.unwrap());
        assert!(!cx.files().delete("raw/0.csv").await.unwrap());
    }

    #[test]
    fn a_folder_is_listed_exactly() {
        let files = Context::for_test().blocking_files();
        for name in [
            "raw/1.csv",
            "raw/0.csv",
            "raw2/0.csv",
            "ra",
            "raw/deep/0.csv",
            "0.csv",
        ] {
            files.write(name, "1").unwrap();
        }
        assert_eq!(files.list("raw").unwrap(), ["raw/0.csv", "raw/1.csv"]);
        assert_eq!(files.list("r").unwrap(), [""; 0]);
    }

    #[test]
    fn a_name_and_a_size_are_looked_at_before_anybody_is_asked() {
        let files = Context::for_test().blocking_files();
        for name in ["", "../a", "/a", "a/"] {
            assert!(matches!(files.read(name), Err(FileError::InvalidName(_))));
            assert!(matches!(
                files.write(name, "1"),
                Err(FileError::InvalidName(_))
            ));
            assert!(matches!(files.list(name), Err(FileError::InvalidName(_))));
            assert!(matches!(files.delete(name), Err(FileError::InvalidName(_))));
        }
        let written = files.write("a", vec![0; MAX_FILE_BYTES + 1]);
        assert!(matches!(written, Err(FileError::TooLarge(bytes)) if bytes == MAX_FILE_BYTES + 1));
        assert!(matches!(files.read("a"), Err(FileError::NotFound(_))));
    }

    #[test]
    fn a_thread_that_others_wait_for_does_not_wait() {
        let files = Context::for_test().without_blocking().blocking_files();
        assert!(matches!(files.read("a"), Err(FileError::MustNotBlock)));
        assert!(matches!(files.list("a"), Err(FileError::MustNotBlock)));
    }

    #[test]
    fn without_a_store_there_are_no_files() {
        let cx = Context::new(ContextParts {
            files: None,
            ..ContextParts::for_test()
        });
        assert!(matches!(
            cx.blocking_files().read("a"),
            Err(FileError::NoFiles)
        ));
    }
}
