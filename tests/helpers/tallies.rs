//! Tallies in memory, beside the records of [`Memory`](super::memory::Memory).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{StorageError, Tallies};

/// Entries by the name of their tally.
#[derive(Default)]
pub(crate) struct MemoryTallies(Mutex<BTreeMap<String, Vec<String>>>);

impl MemoryTallies {
    fn state(&self) -> MutexGuard<'_, BTreeMap<String, Vec<String>>> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl Tallies for MemoryTallies {
    async fn open(&self, name: &str) -> Result<(), StorageError> {
        self.state().entry(name.to_owned()).or_default();
        Ok(())
    }

    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        Ok(self.state().get_mut(name).map(|entries| {
            entries.push(entry.to_owned());
            entries.len() as u64
        }))
    }

    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError> {
        let count = |entries: &Vec<String>| entries.len() as u64;
        Ok(self.state().get(name).map(count))
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        Ok(self.state().get(name).cloned())
    }

    async fn clear(&self, prefix: &str) -> Result<(), StorageError> {
        self.state().retain(|name, _| !name.starts_with(prefix));
        Ok(())
    }
}
