//! Queues as tests use them: by one name, and settled in a word.

use std::sync::Arc;
use std::time::Duration;

use backends::azure::{Account, Azure};
use ports::{Delivery, Queue, QueueName, Queues, Receipt, Settle, Tallies, TaskStore};

/// The name of the queue where a test needs no other.
pub(crate) fn tasks() -> QueueName {
    name("tasks")
}

pub(crate) fn name(text: &str) -> QueueName {
    QueueName::try_from(text).unwrap()
}

/// The queue of tests, and its dead letters.
pub(crate) trait TestQueues: Queues {
    fn queue(&self) -> Arc<dyn Queue> {
        self.open(&tasks())
    }

    fn poison_queue(&self) -> Arc<dyn Queue> {
        self.open_dead_letters(&tasks())
    }
}

impl<T: Queues + ?Sized> TestQueues for T {}

/// A container and a queue of an account, both of one name.
#[derive(Clone)]
pub(crate) struct AzureStorage {
    pub(crate) azure: Azure,
    pub(crate) name: QueueName,
}

impl AzureStorage {
    pub(crate) fn new(account: &Account, name: &str) -> Self {
        Self {
            azure: Azure::new(account, name).unwrap(),
            name: self::name(name),
        }
    }

    pub(crate) fn tasks(&self) -> Arc<dyn TaskStore> {
        self.azure.tasks()
    }

    pub(crate) fn tallies(&self) -> Arc<dyn Tallies> {
        self.azure.tallies()
    }

    pub(crate) fn queue(&self) -> Arc<dyn Queue> {
        self.azure.open(&self.name)
    }

    pub(crate) fn poison_queue(&self) -> Arc<dyn Queue> {
        self.azure.open_dead_letters(&self.name)
    }
}

/// The receipt of a message that was received.
pub(crate) fn receipt(message: &Delivery) -> &Receipt {
    message.receipt.as_ref().unwrap()
}

/// Deletes a message; `false` when its receipt is stale.
pub(crate) async fn delete(queue: &dyn Queue, message: &Delivery) -> bool {
    let settled = queue.settle(receipt(message), Settle::Done).await;
    settled.unwrap()
}

/// Makes a message visible again after so long; `false` when its receipt is stale.
pub(crate) async fn release(queue: &dyn Queue, message: &Delivery, after: Duration) -> bool {
    let settled = queue.settle(receipt(message), Settle::Release(after)).await;
    settled.unwrap()
}

/// The message with the receipt that a renewal gives, if it does.
pub(crate) async fn renew(
    queue: &dyn Queue,
    message: &Delivery,
    hide: Duration,
) -> Option<Delivery> {
    let mut renewed = message.clone();
    let is_renewed = queue.renew(renewed.receipt.as_mut().unwrap(), hide).await;
    is_renewed.unwrap().then_some(renewed)
}

/// How many messages there are.
pub(crate) async fn length(queue: &dyn Queue) -> u64 {
    queue.length().await.unwrap().unwrap()
}
