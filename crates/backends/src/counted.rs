//! Storage that counts what is asked of it, for metrics: on Azure each operation is one transaction
//! on the bill, but for retries and the rare repair.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;

use ports::{
    Changed, Delivery, FileName, Files, Leased, Looked, Newest, Page, Queue, QueueName,
    QueuedMessage, Queues, RawQueue, RawQueues, Receipt, Settle, Step, StorageCalls, StorageError,
    Stored, Tallies, TaskStore, Timestamp, Wanted, Writes, Written,
};

/// The calls that are counted, by the names in metrics.
const NAMES: [&str; 22] = [
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
    "clear_queue",
    "open_tally",
    "add_to_tally",
    "count_tally",
    "read_tally",
    "clear_tallies",
    "list_files",
    "read_file",
    "write_file",
    "delete_file",
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

    /// The steps of a write that were asked for, as its answer tells.
    fn write(&self, steps: &[Step<'_>], written: &Result<Written, StorageError>) {
        let asked = match written {
            Ok(Written::Done { .. }) => steps.len(),
            Ok(Written::Not { step }) => step + 1,
            Ok(Written::Partly { steps, .. }) => steps + 1,
            Err(_) => 1,
        };
        for step in steps.iter().take(asked) {
            match step {
                Step::Create { .. } => self.add("create_record"),
                // On the bill they are the same.
                Step::Replace { .. } | Step::Put { .. } => self.add("replace_record"),
                Step::Delete { .. } => self.add("delete_record"),
                Step::Send { .. } => self.add("send_message"),
                Step::Settle { how, .. } => self.settle(*how),
            }
        }
    }

    fn settle(&self, how: Settle<'_>) {
        match how {
            Settle::Done => self.add("delete_message"),
            Settle::Release(_) => self.add("update_message"),
            Settle::DeadLetter { .. } => {
                self.add("send_message");
                self.add("delete_message");
            }
        }
    }
}

impl StorageCalls for Counts {
    fn counts(&self) -> BTreeMap<&'static str, u64> {
        NAMES
            .into_iter()
            .zip(&self.0)
            .map(|(name, count)| (name, count.load(Relaxed)))
            .collect()
    }
}

/// A store, files, a queue or several, counted.
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

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        self.counted("read_record").read(name).await
    }

    async fn look(&self, name: &str, most: usize) -> Result<Option<Looked>, StorageError> {
        self.counted("read_record").look(name, most).await
    }

    async fn link(&self, name: &str, until: Timestamp) -> Result<Option<String>, StorageError> {
        self.inner.link(name, until).await
    }

    /// Each step is counted, also where all of them are one write.
    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError> {
        let written = self.inner.write(steps).await;
        self.counts.write(steps, &written);
        written
    }

    fn write_each<'a>(&'a self, writes: &'a [&'a [Step<'a>]]) -> Writes<'a> {
        let answers = self.inner.write_each(writes);
        answers
            .inspect(|(place, written)| self.counts.write(writes[*place], written))
            .boxed()
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
impl Tallies for Counted<dyn Tallies> {
    async fn open(&self, name: &str) -> Result<(), StorageError> {
        self.counted("open_tally").open(name).await
    }

    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        self.counted("add_to_tally").add(name, entry).await
    }

    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError> {
        self.counted("count_tally").count(name).await
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        self.counted("read_tally").read(name).await
    }

    /// Counted once, however many there are to delete.
    async fn clear(&self, prefix: &str) -> Result<(), StorageError> {
        self.counted("clear_tallies").clear(prefix).await
    }
}

impl Queues for Counted<dyn Queues> {
    fn open(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(Counted::new(self.inner.open(name), &self.counts))
    }

    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(Counted::new(
            self.inner.open_dead_letters(name),
            &self.counts,
        ))
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

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Delivery>, StorageError> {
        self.counted("receive_messages").receive(max, hide).await
    }

    async fn renew(&self, receipt: &mut Receipt, hide: Duration) -> Result<bool, StorageError> {
        self.counted("update_message").renew(receipt, hide).await
    }

    async fn settle(&self, receipt: &Receipt, how: Settle<'_>) -> Result<bool, StorageError> {
        self.counts.settle(how);
        self.inner.settle(receipt, how).await
    }

    async fn length(&self) -> Result<Option<u64>, StorageError> {
        self.counted("count_messages").length().await
    }

    async fn front(&self) -> Result<Option<Timestamp>, StorageError> {
        self.counted("peek_message").front().await
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        self.counted("peek_message").peek(max).await
    }
}

impl RawQueues for Counted<dyn RawQueues> {
    fn open_raw(&self, name: &QueueName) -> Arc<dyn RawQueue> {
        Arc::new(Counted::new(self.inner.open_raw(name), &self.counts))
    }
}

#[async_trait]
impl RawQueue for Counted<dyn RawQueue> {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.inner.prepare().await
    }

    async fn put(
        &self,
        text: &str,
        life: Option<Duration>,
        delay: Duration,
    ) -> Result<Option<Leased>, StorageError> {
        self.counted("send_message").put(text, life, delay).await
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Leased>, StorageError> {
        self.counted("receive_messages").receive(max, hide).await
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        self.counted("peek_message").peek(max).await
    }

    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        text: Option<&str>,
        hide: Duration,
    ) -> Result<Changed, StorageError> {
        self.counted("update_message")
            .update(id, pop_receipt, text, hide)
            .await
    }

    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        self.counted("delete_message").delete(id, pop_receipt).await
    }

    async fn clear(&self) -> Result<(), StorageError> {
        self.counted("clear_queue").clear().await
    }

    async fn length(&self) -> Result<u64, StorageError> {
        self.counted("count_messages").length().await
    }
}

#[async_trait]
impl Files for Counted<dyn Files> {
    async fn list(&self, folder: &FileName) -> Result<Vec<FileName>, StorageError> {
        self.counted("list_files").list(folder).await
    }

    async fn read(&self, name: &FileName) -> Result<Option<Bytes>, StorageError> {
        self.counted("read_file").read(name).await
    }

    async fn write(&self, name: &FileName, content: Bytes) -> Result<(), StorageError> {
        self.counted("write_file").write(name, content).await
    }

    async fn delete(&self, name: &FileName) -> Result<bool, StorageError> {
        self.counted("delete_file").delete(name).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;
    use crate::embedded::Embedded;

    #[tokio::test]
    async fn each_call_to_a_tally_is_counted_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let embedded = Embedded::open(folder.path(), Arc::new(SystemClock)).unwrap();
        let counts = Arc::new(Counts::default());
        let tallies = Counted::new(embedded.tallies(), &counts);

        tallies.open("x-a-t1.0").await.unwrap();
        for _ in 0..3 {
            tallies.add("x-a-t1.0", "{}").await.unwrap();
        }
        for _ in 0..2 {
            tallies.count("x-a-t1.0").await.unwrap();
        }
        tallies.read("x-a-t1.0").await.unwrap();
        tallies.clear("x-a-").await.unwrap();

        let counted: Vec<_> = counts.counts().into_iter().filter(|of| of.1 > 0).collect();
        let expected = [
            ("add_to_tally", 3),
            ("clear_tallies", 1),
            ("count_tally", 2),
            ("open_tally", 1),
            ("read_tally", 1),
        ];
        assert_eq!(counted, expected);
    }
}
