//! Storage in memory, for tests that make thousands of storages: it passes the suite of the backends.
//!
//! Every call is one step that nothing interrupts, and nothing runs on another thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Clock, Delivery, Document, ETag, Listed, Looked, NEVER, OneStep, Page, Queue, QueueName,
    QueuedMessage, Queues, Receipt, Settle, Step, StorageError, Stored, Tallies, TaskStore, Text,
    Timestamp, Written, one_by_one,
};

use super::tallies::MemoryTallies;

/// Records, tallies and queues by name. Records are dated by the clock, as messages are.
pub(crate) struct Memory {
    clock: Arc<dyn Clock>,
    state: Mutex<Records>,
    queues: Mutex<BTreeMap<Arc<str>, Arc<MemoryQueue>>>,
    tallies: Arc<MemoryTallies>,
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

impl Row {
    fn listed(&self, name: &str) -> Listed {
        Listed {
            name: name.to_owned(),
            etag: self.etag.clone(),
            modified_at: self.modified_at,
            head: Some(self.document.head.clone()),
        }
    }
}

impl Memory {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            queues: Mutex::default(),
            tallies: MemoryTallies::new(clock.clone()),
            clock,
        })
    }

    pub(crate) fn tallies(&self) -> Arc<dyn Tallies> {
        self.tallies.clone()
    }

    fn queue_named(&self, name: Arc<str>) -> Arc<MemoryQueue> {
        if let Some(queue) = self.queues.lock().unwrap().get(&name) {
            return Arc::clone(queue);
        }
        // Those of dead letters stay.
        let dead_letters = (!name.ends_with(DEAD_LETTERS))
            .then(|| self.queue_named(format!("{name}{DEAD_LETTERS}").into()));
        let queue = Arc::new(MemoryQueue {
            clock: self.clock.clone(),
            name: name.clone(),
            dead_letters,
            state: Mutex::default(),
        });
        self.queues.lock().unwrap().insert(name, queue.clone());
        queue
    }

    fn state(&self) -> MutexGuard<'_, Records> {
        self.state.lock().unwrap()
    }

    fn put(&self, state: &mut Records, name: &str, document: &Document) -> ETag {
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
impl TaskStore for Memory {
    async fn prepare(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn check(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        let stored = |row: &Row| Stored {
            body: row.document.body.clone(),
            etag: row.etag.clone(),
            modified_at: row.modified_at,
        };
        Ok(self.state().rows.get(name).map(stored))
    }

    async fn look(&self, name: &str, most: usize) -> Result<Option<Looked>, StorageError> {
        let is_large = |row: &&Row| row.document.body.len() > most;
        let large = |row: &Row| row.listed(name);
        let found = self.state().rows.get(name).filter(is_large).map(large);
        Ok(match found {
            Some(large) => Some(Looked::Large(large)),
            None => self.read(name).await?.map(Looked::Whole),
        })
    }

    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError> {
        one_by_one(self, steps).await
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let state = self.state();
        let from = after.unwrap_or_default().max(prefix);
        let rows = state.rows.range(from.to_owned()..);
        let rows = rows.take_while(|(name, _)| name.starts_with(prefix));
        let mut page = Page {
            items: rows.map(|(name, row)| row.listed(name)).collect(),
            tallies: self.tallies.listed(prefix, from),
            next: None,
        };
        let items = page.items.iter().map(|item| &item.name);
        let mut names: Vec<_> = items
            .chain(page.tallies.iter().map(|item| &item.name))
            .collect();
        names.sort();
        if let Some(next) = names.get(limit as usize).map(|name| (*name).clone()) {
            page.items.retain(|item| item.name < next);
            page.tallies.retain(|item| item.name < next);
            page.next = Some(next);
        }
        Ok(page)
    }
}

impl OneStep for Memory {
    async fn step(&self, step: Step<'_>) -> Result<Written, StorageError> {
        let etag = match step {
            Step::Create { name, document } => {
                let mut state = self.state();
                let is_free = !state.rows.contains_key(name);
                is_free.then(|| Some(self.put(&mut state, name, document)))
            }
            Step::Replace {
                name,
                document,
                etag,
            } => {
                let mut state = self.state();
                let is_current = state.rows.get(name).is_some_and(|row| row.etag == *etag);
                is_current.then(|| Some(self.put(&mut state, name, document)))
            }
            Step::Put { name, document } => {
                let mut state = self.state();
                Some(Some(self.put(&mut state, name, document)))
            }
            Step::Delete { name, etag } => {
                let mut state = self.state();
                let row = state.rows.get(name);
                let is_meant = row.is_some_and(|row| etag.is_none_or(|etag| row.etag == *etag));
                is_meant.then(|| {
                    state.rows.remove(name);
                    None
                })
            }
            Step::Send {
                queue,
                text,
                delay,
                held,
            } => {
                let Text::Fixed(text) = text else {
                    panic!("the text of a single step is fixed");
                };
                let receipt = self.queue_named(queue.shared()).append(text, delay);
                return Ok(Written::Done {
                    etag: None,
                    settled: true,
                    held: held.then(|| Box::new(receipt)),
                });
            }
            Step::Settle { receipt, how } => {
                let queue = self.queue_named(receipt.queue.clone());
                let settled = queue.settle(receipt, how).await?;
                return Ok(Written::Done {
                    etag: None,
                    settled,
                    held: None,
                });
            }
        };
        Ok(match etag {
            Some(etag) => Written::Done {
                etag,
                settled: true,
                held: None,
            },
            None => Written::Not { step: 0 },
        })
    }
}

impl Queues for Memory {
    fn open(&self, name: &QueueName) -> Arc<dyn Queue> {
        self.queue_named(name.shared())
    }

    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue> {
        let queue = self.queue_named(name.shared());
        queue.dead_letters.clone().unwrap_or(queue)
    }
}

/// What ends the name of a queue of dead letters.
const DEAD_LETTERS: &str = "-poison";

/// Messages in the order of their visibility.
struct MemoryQueue {
    clock: Arc<dyn Clock>,
    name: Arc<str>,
    dead_letters: Option<Arc<MemoryQueue>>,
    state: Mutex<Messages>,
}

#[derive(Default)]
struct Messages {
    /// By when it becomes visible, and by number.
    waiting: BTreeMap<(Timestamp, u64), Delivery>,
    /// Numbers given to messages and to receipts.
    numbers: u64,
}

impl Messages {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Takes out the message that this receipt is for.
    fn take(&mut self, receipt: &Receipt) -> Option<Delivery> {
        let (key, _) = self
            .waiting
            .iter()
            .find(|(_, message)| message.receipt.as_ref() == Some(receipt))?;
        let key = *key;
        self.waiting.remove(&key)
    }

    /// Gives the message with its new receipt.
    fn put(&mut self, visible_at: Timestamp, mut message: Delivery) -> Delivery {
        let token = self.number().to_string();
        let receipt = message.receipt.as_mut().unwrap();
        receipt.token = token;
        let number = receipt.id.parse().unwrap();
        self.waiting.insert((visible_at, number), message.clone());
        message
    }
}

impl MemoryQueue {
    fn state(&self) -> MutexGuard<'_, Messages> {
        self.state.lock().unwrap()
    }

    /// Gives the receipt of its sender.
    fn append(&self, text: &str, delay: Duration) -> Receipt {
        let now = self.clock.now();
        let mut state = self.state();
        let message = Delivery {
            text: text.to_owned(),
            dequeue_count: 0,
            inserted_at: Some(now),
            receipt: Some(Receipt {
                queue: self.name.clone(),
                id: state.number().to_string(),
                token: String::new(),
            }),
        };
        state.put(now + delay, message).receipt.unwrap()
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn prepare(&self) -> Result<(), StorageError> {
        Ok(())
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        drop(self.append(text, delay));
        Ok(())
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Delivery>, StorageError> {
        let now = self.clock.now();
        let mut state = self.state();
        let visible = state.waiting.range(..=(now, u64::MAX));
        let keys: Vec<_> = visible.map(|(key, _)| *key).take(max as usize).collect();
        let mut page = Vec::new();
        for key in keys {
            let mut message = state.waiting.remove(&key).unwrap();
            message.dequeue_count += 1;
            page.push(state.put(now + hide, message));
        }
        Ok(page)
    }

    async fn renew(&self, receipt: &mut Receipt, hide: Duration) -> Result<bool, StorageError> {
        let until = self.clock.now() + hide;
        let mut state = self.state();
        let Some(message) = state.take(receipt) else {
            return Ok(false);
        };
        *receipt = state.put(until, message).receipt.unwrap();
        Ok(true)
    }

    async fn settle(&self, receipt: &Receipt, how: Settle<'_>) -> Result<bool, StorageError> {
        let now = self.clock.now();
        let Some(message) = self.state().take(receipt) else {
            return Ok(false);
        };
        match how {
            Settle::Done => {}
            Settle::Release(after) => drop(self.state().put(now + after, message)),
            Settle::DeadLetter { .. } => {
                let dead_letters = self.dead_letters.as_deref().unwrap_or(self);
                drop(dead_letters.append(&message.text, Duration::ZERO));
            }
        }
        Ok(true)
    }

    async fn length(&self) -> Result<Option<u64>, StorageError> {
        Ok(Some(self.state().waiting.len() as u64))
    }

    async fn front(&self) -> Result<Option<Timestamp>, StorageError> {
        let now = self.clock.now();
        let state = self.state();
        let visible = state.waiting.range(..=(now, u64::MAX)).next();
        Ok(visible.and_then(|(_, message)| message.inserted_at))
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        let now = self.clock.now();
        let state = self.state();
        let visible = state.waiting.range(..=(now, u64::MAX)).take(max as usize);
        let seen = |(_, message): (_, &Delivery)| QueuedMessage {
            id: message.id().to_owned(),
            text: message.text.clone(),
            inserted_at: message.inserted_at.unwrap(),
            expires_at: NEVER,
            dequeue_count: message.dequeue_count,
        };
        Ok(visible.map(seen).collect())
    }
}
