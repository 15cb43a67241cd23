//! The queues as ports: each call goes to the clients of the thread it is made on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::clients::Clients;
use super::connector::Connector;
use super::queue::StorageQueue;
use ports::crash::{CrashPoint, crash_point};
use ports::{Delivery, Queue, QueueName, QueuedMessage, Receipt, Settle, StorageError, Timestamp};

/// One queue of the account.
pub(super) struct AzureQueue {
    connector: Arc<Connector>,
    name: Arc<str>,
}

impl AzureQueue {
    /// The queue of this name.
    pub(super) fn named(connector: Arc<Connector>, name: &QueueName) -> Self {
        let name = name.shared();
        Self { connector, name }
    }

    /// The queue that a message came from.
    pub(super) fn of(connector: Arc<Connector>, receipt: &Receipt) -> Self {
        let name = Arc::clone(&receipt.queue);
        Self { connector, name }
    }

    /// The queue of its dead letters; those of dead letters stay.
    pub(super) fn of_dead_letters(self) -> Self {
        if self.name.ends_with(QueueName::DEAD_LETTERS) {
            return self;
        }
        Self {
            name: [&*self.name, QueueName::DEAD_LETTERS].concat().into(),
            ..self
        }
    }

    /// Sends a message that its sender holds for so long.
    pub(super) async fn send_held(
        &self,
        text: &str,
        hide: Duration,
    ) -> Result<Receipt, StorageError> {
        self.here()?.send_held(text, hide).await
    }

    /// As this thread reaches it.
    pub(super) fn here(&self) -> Result<Arc<StorageQueue>, StorageError> {
        Clients::here(&self.connector)?.queue(&self.name)
    }
}

#[async_trait]
impl Queue for AzureQueue {
    async fn prepare(&self) -> Result<(), StorageError> {
        self.here()?.prepare().await
    }

    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError> {
        self.here()?.send(text, delay).await
    }

    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Delivery>, StorageError> {
        self.here()?.receive(max, hide).await
    }

    async fn renew(&self, receipt: &mut Receipt, hide: Duration) -> Result<bool, StorageError> {
        let Receipt { id, token, .. } = &*receipt;
        let renewed = self.here()?.update(id, token, hide).await?;
        let is_renewed = renewed.is_some();
        receipt.token = renewed.unwrap_or_else(|| std::mem::take(&mut receipt.token));
        Ok(is_renewed)
    }

    async fn settle(&self, receipt: &Receipt, how: Settle<'_>) -> Result<bool, StorageError> {
        let (here, Receipt { id, token, .. }) = (self.here()?, receipt);
        match how {
            Settle::Done => here.delete(id, token).await,
            Settle::Release(after) => Ok(here.update(id, token, after).await?.is_some()),
            // The service cannot move a message. In this order, so that it is never in neither queue.
            Settle::DeadLetter { text, .. } => {
                let dead_letters = Self {
                    connector: Arc::clone(&self.connector),
                    name: Arc::clone(&self.name),
                };
                let dead_letters = dead_letters.of_dead_letters();
                dead_letters.send(text, Duration::ZERO).await?;
                crash_point(CrashPoint::AfterPoisoning);
                here.delete(id, token).await
            }
        }
    }

    async fn length(&self) -> Result<Option<u64>, StorageError> {
        self.here()?.length().await.map(Some)
    }

    async fn front(&self) -> Result<Option<Timestamp>, StorageError> {
        self.here()?.front().await
    }

    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError> {
        self.here()?.peek(max).await
    }
}
