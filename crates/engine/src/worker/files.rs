//! The files that work reads and writes: those of storage, in the words of who writes kinds.

use std::sync::Arc;

use tokio::runtime::Handle;

use ports::{FileName, Files, Recovery, StorageError};
use work::{BoxFuture, FileError, FileStore};

/// Files of storage, for attempts.
pub(crate) struct KindFiles {
    files: Arc<dyn Files>,
    /// Where it is done: who waits for it may be a thread without a runtime.
    runtime: Option<Handle>,
}

impl KindFiles {
    /// On the runtime that this is called in.
    pub(crate) fn new(files: Arc<dyn Files>) -> Self {
        Self {
            files,
            runtime: Handle::try_current().ok(),
        }
    }

    /// Asks storage for what has this name.
    fn ask<T, F>(
        &self,
        name: String,
        ask: impl FnOnce(Arc<dyn Files>, FileName) -> F,
    ) -> BoxFuture<'static, Result<T, FileError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StorageError>> + Send + 'static,
    {
        let Some(runtime) = &self.runtime else {
            return Box::pin(async { Err(FileError::NoFiles) });
        };
        let Ok(file) = FileName::try_from(&*name) else {
            return Box::pin(async { Err(FileError::InvalidName(name)) });
        };
        let asked = runtime.spawn(ask(Arc::clone(&self.files), file));
        Box::pin(async move {
            match asked.await {
                Ok(answer) => answer.map_err(failure),
                Err(broken_off) => Err(FileError::Unavailable(broken_off.into())),
            }
        })
    }
}

impl FileStore for KindFiles {
    fn list(&self, folder: String) -> BoxFuture<'static, Result<Vec<String>, FileError>> {
        self.ask(folder, async |files, folder| {
            let names = files.list(&folder).await?;
            Ok(names.iter().map(FileName::to_string).collect())
        })
    }

    fn read(&self, name: String) -> BoxFuture<'static, Result<Vec<u8>, FileError>> {
        let found = self.ask(name.clone(), async |files, name| files.read(&name).await);
        Box::pin(async move {
            let content = found.await?.ok_or(FileError::NotFound(name))?;
            Ok(content.into())
        })
    }

    fn write(&self, name: String, content: Vec<u8>) -> BoxFuture<'static, Result<(), FileError>> {
        self.ask(name, async |files, name| {
            files.write(&name, content.into()).await
        })
    }

    fn delete(&self, name: String) -> BoxFuture<'static, Result<bool, FileError>> {
        self.ask(name, async |files, name| files.delete(&name).await)
    }
}

/// A permission may be granted while attempts are repeated.
fn failure(error: StorageError) -> FileError {
    match error.recovery {
        Recovery::Transient | Recovery::Unanswered | Recovery::Denied => {
            FileError::Unavailable(error.into())
        }
        Recovery::Permanent => FileError::Unusable(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use work::is_file_name;

    /// Files that fail so.
    struct Failing(StorageError);

    #[async_trait]
    impl Files for Failing {
        async fn list(&self, _: &FileName) -> Result<Vec<FileName>, StorageError> {
            Err(self.0.clone())
        }

        async fn read(&self, _: &FileName) -> Result<Option<Bytes>, StorageError> {
            Ok(None)
        }

        async fn write(&self, _: &FileName, _: Bytes) -> Result<(), StorageError> {
            Err(self.0.clone())
        }

        async fn delete(&self, _: &FileName) -> Result<bool, StorageError> {
            Err(self.0.clone())
        }
    }

    #[tokio::test]
    async fn a_failure_says_whether_another_attempt_may_help() {
        for (error, may_help) in [
            (StorageError::transient("write file", "busy"), true),
            (StorageError::unanswered("write file", "no answer"), true),
            (StorageError::denied("write file", "403"), true),
            (StorageError::permanent("write file", "wrong key"), false),
        ] {
            let files = KindFiles::new(Arc::new(Failing(error.clone())));
            let name = || "raw/0.csv".to_owned();
            for failed in [
                files.write(name(), Vec::new()).await.unwrap_err(),
                files.list(name()).await.unwrap_err(),
                files.delete(name()).await.unwrap_err(),
            ] {
                let is_unavailable = matches!(failed, FileError::Unavailable(_));
                assert_eq!(is_unavailable, may_help, "{error}");
            }
            let missing = files.read(name()).await.unwrap_err();
            assert!(matches!(missing, FileError::NotFound(name) if name == "raw/0.csv"));
        }
    }

    #[test]
    fn the_largest_file_of_work_is_that_of_storage() {
        assert_eq!(work::MAX_FILE_BYTES, ports::MAX_FILE_BYTES);
    }

    proptest! {
        #[test]
        fn a_name_for_work_is_one_for_storage(
            text in "\\PC{0,8}|[a./\\\\\n]{0,8}|[a-z]{190,210}|([a-z]{100}/){4}[a-z]{100,115}",
        ) {
            prop_assert_eq!(is_file_name(&text), FileName::try_from(&*text).is_ok());
        }
    }
}
