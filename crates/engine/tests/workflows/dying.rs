//! Storage that a process asks for the last time: from then on nothing comes back, as if it had died.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Delivery, OneStep, Page, Queue, QueueName, QueuedMessage, Queues, Receipt, Settle, Step,
    StorageError, Stored, Tallies, TaskStore, Timestamp, Written, one_by_one,
};
use tokio_util::sync::CancellationToken;

/// When the process dies.
#[derive(Clone, Debug)]
pub struct Death {
    /// How many calls it may make before the one at which it dies.
    pub calls: u64,
    /// Whether that call is done.
    pub is_done: bool,
    made: Arc<AtomicU64>,
    pub dead: CancellationToken,
}

impl Death {
    pub fn at(calls: u64, is_done: bool) -> Self {
        Self {
            calls,
            is_done,
            made: Arc::default(),
            dead: CancellationToken::new(),
        }
    }

    pub fn never() -> Self {
        Self::at(u64::MAX, false)
    }

    /// How many calls were made.
    pub fn made(&self) -> u64 {
        self.made.load(Relaxed)
    }

    async fn of<T>(&self, call: impl Future<Output = T>) -> T {
        let number = self.made.fetch_add(1, Relaxed);
        if number < self.calls {
            return call.await;
        }
        if number == self.calls && self.is_done {
            call.await;
        }
        self.dead.cancel();
        std::future::pending().await
    }
}

/// Over these, until the death.
#[derive(Clone)]
pub struct Dying<P: ?Sized> {
    pub inner: Arc<P>,
    pub death: Death,
    /// Whether writes are done step by step, each a call: as over a container and a queue.
    pub is_stepwise: bool,
}

/// Records, until the death.
pub struct DyingStore(pub Dying<dyn TaskStore>);

impl OneStep for DyingStore {
    async fn step(&self, step: Step<'_>) -> Result<Written, StorageError> {
        let steps = [step];
        let written = self.0.inner.write(&steps);
        self.0.death.of(written).await
    }
}

#[async_trait]
impl TaskStore for DyingStore {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.0.inner.prepare().await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.0.inner.check().await
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        self.0.death.of(self.0.inner.read(name)).await
    }

    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError> {
        match self.0.is_stepwise {
            true => one_by_one(self, steps).await,
            false => self.0.death.of(self.0.inner.write(steps)).await,
        }
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        self.0
            .death
            .of(self.0.inner.list(prefix, after, limit))
            .await
    }
}

#[async_trait]
impl Tallies for Dying<dyn Tallies> {
    async fn open(&self, name: &str) -> Result<(), StorageError> {
        self.death.of(self.inner.open(name)).await
    }

    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        self.death.of(self.inner.add(name, entry)).await
    }

    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError> {
        self.death.of(self.inner.count(name)).await
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        self.death.of(self.inner.read(name)).await
    }

    async fn clear(&self, prefix: &str) -> Result<(), StorageError> {
        self.death.of(self.inner.clear(prefix)).await
    }
}

impl Queues for Dying<dyn Queues> {
    fn open(&self, name: &QueueName) -> Arc<dyn Queue> {
        Arc::new(Dying {
            inner: self.inner.open(name),
            death: self.death.clone(),
            is_stepwise: self.is_stepwise,
        })
    }

    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue> {
        self.inner.open_dead_letters(name)
    }
}

#[async_trait]
impl Queue for Dying<dyn Queue> {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.inner.prepare().await
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        self.death.of(self.inner.send(text, delay)).await
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Delivery>, StorageError> {
        self.death.of(self.inner.receive(max, hide)).await
    }

    async fn renew(&self, receipt: &mut Receipt, hide: Duration) -> Result<bool, StorageError> {
        self.inner.renew(receipt, hide).await
    }

    async fn settle(&self, receipt: &Receipt, how: Settle<'_>) -> Result<bool, StorageError> {
        self.death.of(self.inner.settle(receipt, how)).await
    }

    async fn length(&self) -> Result<Option<u64>, StorageError> {
        self.inner.length().await
    }

    async fn front(&self) -> Result<Option<Timestamp>, StorageError> {
        self.inner.front().await
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        self.inner.peek(max).await
    }
}
