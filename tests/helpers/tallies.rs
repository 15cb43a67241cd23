//! Tallies in memory, beside the records of [`Memory`](super::memory::Memory).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use ports::{Clock, ListedTally, StorageError, Tallies, Timestamp};

/// Tallies by their names.
pub(crate) struct MemoryTallies {
    clock: Arc<dyn Clock>,
    state: Mutex<BTreeMap<String, Tally>>,
}

struct Tally {
    opened_at: Timestamp,
    entries: Vec<String>,
}

impl MemoryTallies {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            state: Mutex::default(),
        })
    }

    /// Those whose names begin so, from this one on.
    pub(super) fn listed(&self, prefix: &str, from: &str) -> Vec<ListedTally> {
        let state = self.state();
        let tallies = state.range(from.to_owned()..);
        let tallies = tallies.take_while(|(name, _)| name.starts_with(prefix));
        let listed = |(name, tally): (&String, &Tally)| ListedTally {
            name: name.clone(),
            modified_at: tally.opened_at,
        };
        tallies.map(listed).collect()
    }

    fn state(&self) -> MutexGuard<'_, BTreeMap<String, Tally>> {
        self.state.lock().unwrap()
    }
}

#[async_trait]
impl Tallies for MemoryTallies {
    async fn open(&self, name: &str) -> Result<(), StorageError> {
        let opened = || Tally {
            opened_at: self.clock.now(),
            entries: Vec::new(),
        };
        self.state().entry(name.to_owned()).or_insert_with(opened);
        Ok(())
    }

    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        Ok(self.state().get_mut(name).map(|tally| {
            tally.entries.push(entry.to_owned());
            tally.entries.len() as u64
        }))
    }

    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError> {
        let count = |tally: &Tally| tally.entries.len() as u64;
        Ok(self.state().get(name).map(count))
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        Ok(self.state().get(name).map(|tally| tally.entries.clone()))
    }

    async fn clear(&self, prefix: &str) -> Result<(), StorageError> {
        self.state().retain(|name, _| !name.starts_with(prefix));
        Ok(())
    }
}
