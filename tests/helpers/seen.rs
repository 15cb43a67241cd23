//! Any storage, with its calls under the control of a test.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ports::{
    Delivery, Newest, OneStep, Page, Queue, QueueName, QueuedMessage, Queues, Receipt, Settle,
    Step, StorageError, Stored, Tallies, TaskStore, Text, Timestamp, Wanted, Written, one_by_one,
};

use super::calls::{Call, Calls};

impl Calls {
    /// The store, with its calls seen here.
    pub(crate) fn store(&self, inner: Arc<dyn TaskStore>) -> Arc<dyn TaskStore> {
        Arc::new(SeenStore(inner, self.clone()))
    }

    /// The tallies, with their calls seen here.
    pub(crate) fn tallies(&self, inner: Arc<dyn Tallies>) -> Arc<dyn Tallies> {
        Arc::new(SeenTallies(inner, self.clone()))
    }

    /// The queues, with their calls seen here; those to dead letters are all alike.
    pub(crate) fn queues(&self, inner: Arc<dyn Queues>) -> Arc<dyn Queues> {
        Arc::new(SeenQueues(inner, self.clone()))
    }
}

/// A write is done one step after another, so that a test can come between any two of them.
struct SeenStore(Arc<dyn TaskStore>, Calls);

#[async_trait]
impl TaskStore for SeenStore {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.0.prepare().await
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.1.pass(Call::Look, self.0.check()).await
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        self.1.pass(Call::Read, self.0.read(name)).await
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
        let list = self.0.list(prefix, after, limit);
        self.1.pass(Call::List, list).await
    }

    async fn newest(
        &self,
        wanted: &Wanted,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Newest, StorageError> {
        let newest = self.0.newest(wanted, after, limit);
        self.1.pass(Call::List, newest).await
    }
}

impl OneStep for SeenStore {
    async fn step(&self, step: Step<'_>) -> Result<Written, StorageError> {
        let call = match step {
            Step::Create { .. } => Call::Create,
            Step::Replace { .. } => Call::Replace,
            Step::Put { .. } => Call::Put,
            Step::Delete { .. } => Call::DeleteRecord,
            Step::Send { .. } => Call::Send,
            Step::Settle { how, .. } => settling(how),
        };
        if let Step::Send {
            text: Text::Fixed(text),
            ..
        } = step
        {
            self.1.sends(text);
        }
        let steps = [step];
        self.1.pass(call, self.0.write(&steps)).await
    }
}

fn settling(how: Settle<'_>) -> Call {
    match how {
        Settle::Done => Call::DeleteMessage,
        Settle::Release(_) => Call::Update,
        Settle::DeadLetter { .. } => Call::Poison,
    }
}

struct SeenTallies(Arc<dyn Tallies>, Calls);

#[async_trait]
impl Tallies for SeenTallies {
    async fn open(&self, name: &str) -> Result<(), StorageError> {
        self.1.pass(Call::OpenTally, self.0.open(name)).await
    }

    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        let add = self.0.add(name, entry);
        self.1.pass(Call::AddToTally, add).await
    }

    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError> {
        self.1.pass(Call::CountTally, self.0.count(name)).await
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        self.1.pass(Call::ReadTally, self.0.read(name)).await
    }

    async fn clear(&self, prefix: &str) -> Result<(), StorageError> {
        self.1.pass(Call::ClearTallies, self.0.clear(prefix)).await
    }
}

struct SeenQueues(Arc<dyn Queues>, Calls);

impl Queues for SeenQueues {
    fn open(&self, name: &QueueName) -> Arc<dyn Queue> {
        let queue = self.0.open(name);
        Arc::new(SeenQueue(queue, self.1.clone(), |call| call))
    }

    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue> {
        let queue = self.0.open_dead_letters(name);
        Arc::new(SeenQueue(queue, self.1.clone(), |_| Call::Poison))
    }
}

/// With the name that a call has here.
struct SeenQueue(Arc<dyn Queue>, Calls, fn(Call) -> Call);

#[async_trait]
impl Queue for SeenQueue {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.0.prepare().await
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        self.1.sends(text);
        let send = self.0.send(text, delay);
        self.1.pass(self.2(Call::Send), send).await
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Delivery>, StorageError> {
        let receive = self.0.receive(max, hide);
        self.1.pass(self.2(Call::Receive), receive).await
    }

    async fn renew(&self, receipt: &mut Receipt, hide: Duration) -> Result<bool, StorageError> {
        let renew = self.0.renew(receipt, hide);
        self.1.pass(self.2(Call::Update), renew).await
    }

    async fn settle(&self, receipt: &Receipt, how: Settle<'_>) -> Result<bool, StorageError> {
        let settle = self.0.settle(receipt, how);
        self.1.pass(self.2(settling(how)), settle).await
    }

    async fn length(&self) -> Result<Option<u64>, StorageError> {
        self.1.pass(self.2(Call::Look), self.0.length()).await
    }

    async fn front(&self) -> Result<Option<Timestamp>, StorageError> {
        self.1.pass(self.2(Call::Look), self.0.front()).await
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        self.1.pass(self.2(Call::Look), self.0.peek(max)).await
    }
}
