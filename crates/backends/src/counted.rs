//! Storage that counts what is asked of it, for metrics: on Azure each operation is one transaction
//! on the bill, but for retries and the rare repair.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;

use ports::{
    Document, ETag, Intake, Newest, Operations, Page, Queue, Received, StorageError, Stored,
    TaskStore, Tell, Timestamp, Wanted,
};

/// The operations that are counted, by the names in metrics.
const NAMES: [&str; 12] = [
    "check_store",
    "create_record",
    "read_record",
    "replace_record",
    "delete_record",
    "list_records",
    "send_message",
    "receive_messages",
    "update_message",
    "delete_message",
    "count_messages",
    "peek_message",
];

/// How often each operation was asked for, by all threads of the process.
#[derive(Debug, Default)]
pub struct Counts([AtomicU64; NAMES.len()]);

impl Counts {
    fn add(&self, name: &'static str) {
        if let Some(index) = NAMES.iter().position(|known| *known == name) {
            self.0[index].fetch_add(1, Relaxed);
        }
    }
}

impl Operations for Counts {
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        NAMES
            .into_iter()
            .zip(&self.0)
            .map(|(name, count)| (name, count.load(Relaxed)))
            .collect()
    }
}

/// A store, a queue or both, counted.
pub struct Counted<T: ?Sized> {
    inner: Arc<T>,
    counts: Arc<Counts>,
}

impl<T: ?Sized> Counted<T> {
    /// Counts what is asked of `inner`.
    pub fn new(inner: Arc<T>, counts: &Arc<Counts>) -> Self {
        Self {
            inner,
            counts: Arc::clone(counts),
        }
    }

    fn counted(&self, name: &'static str) -> &T {
        self.counts.add(name);
        &self.inner
    }
}

#[async_trait]
impl TaskStore for Counted<dyn TaskStore> {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.inner.prepare().await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.counted("check_store").check().await
    }

    async fn create(&self, name: &str, document: &Document) -> Result<Option<ETag>, StorageError> {
        self.counted("create_record").create(name, document).await
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        self.counted("read_record").read(name).await
    }

    async fn replace(
        &self,
        name: &str,
        document: &Document,
        etag: &ETag,
    ) -> Result<Option<ETag>, StorageError> {
        self.counted("replace_record")
            .replace(name, document, etag)
            .await
    }

    async fn delete(&self, name: &str, etag: Option<&ETag>) -> Result<bool, StorageError> {
        self.counted("delete_record").delete(name, etag).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        self.counted("list_records")
            .list(prefix, after, limit)
            .await
    }

    async fn newest(
        &self,
        wanted: &Wanted,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Newest, StorageError> {
        let newest = self.inner.newest(wanted, after, limit).await;
        if newest != Ok(Newest::Unsupported) {
            self.counts.add("list_records");
        }
        newest
    }
}

#[async_trait]
impl Queue for Counted<dyn Queue> {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.inner.prepare().await
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        self.counted("send_message").send(text, delay).await
    }

    async fn receive(
        &self,
        max: u32,
        visibility_timeout: Duration,
    ) -> Result<Vec<Received>, StorageError> {
        self.counted("receive_messages")
            .receive(max, visibility_timeout)
            .await
    }

    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        visibility_timeout: Duration,
    ) -> Result<Option<String>, StorageError> {
        self.counted("update_message")
            .update(id, pop_receipt, visibility_timeout)
            .await
    }

    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        self.counted("delete_message").delete(id, pop_receipt).await
    }

    async fn length(&self) -> Result<u64, StorageError> {
        self.counted("count_messages").length().await
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StorageError> {
        self.counted("peek_message").oldest().await
    }
}

/// Both of its writes are counted, also where they are one.
#[async_trait]
impl Intake for Counted<dyn Intake> {
    async fn accept(
        &self,
        name: &str,
        document: &Document,
        tell: Tell<'_>,
    ) -> Result<Option<ETag>, StorageError> {
        let inner = self.counted("create_record");
        let accepted = inner.accept(name, document, tell).await?;
        if accepted.is_some() {
            self.counts.add("send_message");
        }
        Ok(accepted)
    }
}
