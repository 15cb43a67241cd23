//! A store that counts the pages it is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use ports::{Page, Step, StorageError, Stored, TaskStore, Written};

/// The store, and how many pages it was asked for.
pub(super) struct Counting(Arc<dyn TaskStore>, AtomicUsize);

impl Counting {
    pub(super) fn new(store: Arc<dyn TaskStore>) -> Self {
        Self(store, AtomicUsize::new(0))
    }

    /// How many pages since this was last asked.
    pub(super) fn lists_since(&self) -> usize {
        self.1.swap(0, Ordering::SeqCst)
    }
}

#[async_trait]
impl TaskStore for Counting {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.0.prepare().await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.0.check().await
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        self.0.read(name).await
    }

    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError> {
        self.0.write(steps).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.list(prefix, after, limit).await
    }
}
