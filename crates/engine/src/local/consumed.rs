//! Results whose reply has been written and whose deletion is under way: they are gone for every later
//! reader, although the store may still hold them for a moment.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::MAX_DELETIONS;
use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;

/// Which results are consumed.
pub(crate) struct Consumed {
    /// By how many readers, because one of them may yet hang up.
    readers: Mutex<HashMap<TaskId, usize>>,
    deletions: Arc<Semaphore>,
}

/// Leave to delete a record: [`MAX_DELETIONS`] are given out at a time.
#[derive(Debug)]
pub struct DeletionPermit {
    /// The semaphore is never closed.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Default for Consumed {
    fn default() -> Self {
        Self {
            readers: Mutex::default(),
            deletions: Arc::new(Semaphore::new(MAX_DELETIONS)),
        }
    }
}

impl Consumed {
    /// One more reader has the result.
    pub(crate) fn add(&self, id: TaskId) {
        *lock(&self.readers).entry(id).or_default() += 1;
    }

    /// One reader fewer: the result did not reach it, or the store knows by now.
    pub(crate) fn remove(&self, id: TaskId) {
        let mut readers = lock(&self.readers);
        if let Some(count) = readers.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&id);
            }
        }
    }

    /// Whether any reader has the result.
    pub(crate) fn contains(&self, id: TaskId) -> bool {
        lock(&self.readers).contains_key(&id)
    }

    /// Waits for leave to delete.
    pub(crate) async fn deletion_permit(&self) -> DeletionPermit {
        let permit = Arc::clone(&self.deletions).acquire_owned().await;
        DeletionPermit {
            _permit: permit.ok(),
        }
    }
}
