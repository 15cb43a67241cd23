//! Files in memory, for the tests of kinds.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{FileError, FileStore};
use crate::BoxFuture;

/// Files in memory, for the tests of kinds: what [`ContextParts::for_test`](crate::ContextParts::for_test) has.
#[derive(Debug, Default)]
pub struct MemoryFiles(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryFiles {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ready<T: Send + 'static>(answer: T) -> BoxFuture<'static, T> {
    Box::pin(std::future::ready(answer))
}

impl FileStore for MemoryFiles {
    fn list(&self, folder: String) -> BoxFuture<'static, Result<Vec<String>, FileError>> {
        let is_here = |name: &&String| {
            let (of, _) = name.rsplit_once('/').unwrap_or_default();
            of == folder
        };
        ready(Ok(self.files().keys().filter(is_here).cloned().collect()))
    }

    fn read(&self, name: String) -> BoxFuture<'static, Result<Vec<u8>, FileError>> {
        let found = self.files().get(&name).cloned();
        ready(found.ok_or(FileError::NotFound(name)))
    }

    fn write(&self, name: String, content: Vec<u8>) -> BoxFuture<'static, Result<(), FileError>> {
        self.files().insert(name, content);
        ready(Ok(()))
    }

    fn delete(&self, name: String) -> BoxFuture<'static, Result<bool, FileError>> {
        ready(Ok(self.files().remove(&name).is_some()))
    }
}
