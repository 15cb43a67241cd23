//! Storage in memory, for tests that make thousands of storages: it passes the suite of the backends.
//!
//! Every call is one step that nothing interrupts, and nothing runs on another thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Clock, Document, ETag, Listed, Page, Queue, Received, StorageError, Stored, TaskStore,
    Timestamp,
};

/// Records by name. Dated by the clock, as messages are.
pub(crate) struct MemoryTasks {
    clock: Arc<dyn Clock>,
    state: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    rows: BTreeMap<String, Row>,
    writes: u64,
}

struct Row {
    document: Document,
    etag: ETag,
    modified_at: Timestamp,
}

impl MemoryTasks {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self { clock, state })
    }

    fn state(&self) -> MutexGuard<'_, Records> {
        self.state.lock().unwrap()
    }

    fn write(&self, state: &mut Records, name: &str, document: &Document) -> ETag {
        state.writes += 1;
        let etag = ETag::new(state.writes.to_string());
        let row = Row {
            document: document.clone(),
            etag: etag.clone(),
            modified_at: self.clock.now(),
        };
        state.rows.insert(name.to_owned(), row);
        etag
    }
}

#[async_trait]
impl TaskStore for MemoryTasks {
    async fn prepare(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn create(&self, name: &str, document: &Document) -> Result<Option<ETag>, StorageError> {
        let mut state = self.state();
        let is_free = !state.rows.contains_key(name);
        Ok(is_free.then(|| self.write(&mut state, name, document)))
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        let stored = |row: &Row| Stored {
            body: row.document.body.clone(),
            etag: row.etag.clone(),
            modified_at: row.modified_at,
        };
        Ok(self.state().rows.get(name).map(stored))
    }

    async fn replace(
        &self,
        name: &str,
        document: &Document,
        etag: &ETag,
    ) -> Result<Option<ETag>, StorageError> {
        let mut state = self.state();
        let is_current = state.rows.get(name).is_some_and(|row| row.etag == *etag);
        Ok(is_current.then(|| self.write(&mut state, name, document)))
    }

    async fn delete(&self, name: &str, etag: Option<&ETag>) -> Result<bool, StorageError> {
        let mut state = self.state();
        let row = state.rows.get(name);
        let is_meant = row.is_some_and(|row| etag.is_none_or(|etag| row.etag == *etag));
        Ok(is_meant && state.rows.remove(name).is_some())
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let state = self.state();
        let from = after.unwrap_or_default().max(prefix).to_owned();
        let mut rows = state
            .rows
            .range(from..)
            .take_while(|(name, _)| name.starts_with(prefix));
        let listed = |(name, row): (&String, &Row)| Listed {
            name: name.clone(),
            etag: row.etag.clone(),
            modified_at: row.modified_at,
            head: Some(row.document.head.clone()),
        };
        let items = rows.by_ref().take(limit as usize).map(listed).collect();
        let next = rows.next().map(|(name, _)| name.clone());
        Ok(Page { items, next })
    }
}

/// Messages in the order of their visibility.
pub(crate) struct MemoryQueue {
    clock: Arc<dyn Clock>,
    state: Mutex<Messages>,
}

#[derive(Default)]
struct Messages {
    /// By when it becomes visible, and by number.
    waiting: BTreeMap<(Timestamp, u64), Received>,
    /// Numbers given to messages and to receipts.
    numbers: u64,
}

impl Messages {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Takes out the message that this receipt is for.
    fn take(&mut self, id: &str, pop_receipt: &str) -> Option<Received> {
        let (key, _) = self
            .waiting
            .iter()
            .find(|(_, message)| message.id == id && message.pop_receipt == pop_receipt)?;
        let key = *key;
        self.waiting.remove(&key)
    }

    fn put(&mut self, visible_at: Timestamp, mut message: Received) -> String {
        message.pop_receipt = self.number().to_string();
        let receipt = message.pop_receipt.clone();
        let number = message.id.parse().unwrap();
        self.waiting.insert((visible_at, number), message);
        receipt
    }
}

impl MemoryQueue {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self { clock, state })
    }

    fn state(&self) -> MutexGuard<'_, Messages> {
        self.state.lock().unwrap()
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn prepare(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        let now = self.clock.now();
        let mut state = self.state();
        let message = Received {
            id: state.number().to_string(),
            pop_receipt: String::new(),
            dequeue_count: 0,
            inserted_at: now,
            text: text.to_owned(),
        };
        state.put(now + delay, message);
        Ok(())
    }

    async fn receive(
        &self,
        max: u32,
        visibility_timeout: Duration,
    ) -> Result<Vec<Received>, StorageError> {
        let now = self.clock.now();
        let mut state = self.state();
        let visible = state.waiting.range(..=(now, u64::MAX));
        let keys: Vec<_> = visible.map(|(key, _)| *key).take(max as usize).collect();
        let mut page = Vec::new();
        for key in keys {
            let mut message = state.waiting.remove(&key).unwrap();
            message.dequeue_count += 1;
            message.pop_receipt = state.put(now + visibility_timeout, message.clone());
            page.push(message);
        }
        Ok(page)
    }

    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        visibility_timeout: Duration,
    ) -> Result<Option<String>, StorageError> {
        let until = self.clock.now() + visibility_timeout;
        let mut state = self.state();
        let message = state.take(id, pop_receipt);
        Ok(message.map(|message| state.put(until, message)))
    }

    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError> {
        Ok(self.state().take(id, pop_receipt).is_some())
    }

    async fn length(&self) -> Result<u64, StorageError> {
        Ok(self.state().waiting.len() as u64)
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StorageError> {
        let now = self.clock.now();
        let state = self.state();
        let visible = state.waiting.range(..=(now, u64::MAX)).next();
        Ok(visible.map(|(_, message)| message.inserted_at))
    }
}
