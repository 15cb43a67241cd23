//! Taking in work where a record and a message are written one after the other.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::crash::{CrashPoint, crash_point};
use ports::{Document, ETag, Intake, Queue, StorageError, TaskStore, Tell};

/// The record first, the message second: a record without a message can be found and repaired; a
/// message without a record would be work nobody may read.
pub struct RecordFirst {
    store: Arc<dyn TaskStore>,
    queue: Arc<dyn Queue>,
}

impl RecordFirst {
    /// Over a store and a queue that know nothing of each other.
    pub fn new(store: Arc<dyn TaskStore>, queue: Arc<dyn Queue>) -> Self {
        Self { store, queue }
    }
}

#[async_trait]
impl Intake for RecordFirst {
    async fn accept(
        &self,
        name: &str,
        document: &Document,
        tell: Tell<'_>,
    ) -> Result<Option<ETag>, StorageError> {
        let Some(etag) = self.store.create(name, document).await? else {
            return Ok(None);
        };
        crash_point(CrashPoint::AfterRecord);
        if let Err(error) = self.queue.send(&tell(&etag), Duration::ZERO).await {
            // The client gets no id, so nobody will ask for this record, and need not wait for its
            // removal. If that fails too, the record stays behind as queued.
            let (store, name) = (Arc::clone(&self.store), name.to_owned());
            tokio::spawn(async move { store.delete(&name, Some(&etag)).await });
            return Err(error);
        }
        Ok(Some(etag))
    }
}
