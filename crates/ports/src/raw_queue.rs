//! What a queue of clients' own messages must do: texts that are looked at, held, changed and cleared, and that
//! end by themselves. No task is in one.

use std::sync::Arc;
use std::time::Duration;

use crate::{QueueName, QueuedMessage, StorageError, Timestamp};
use async_trait::async_trait;

/// What its holder has of a message that is hidden from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What changes or deletes it; stale after the next delivery or change. Opaque.
    pub pop_receipt: String,
    /// When others see it again.
    pub next_visible_at: Timestamp,
}

/// A message, and the hold on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The message.
    pub message: QueuedMessage,
    /// The hold on it.
    pub lease: Lease,
}

/// What became of a change to one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done, and this is the hold from now on.
    Done(Lease),
    /// The pop receipt is not the message's last one. Nothing was changed.
    Stale,
    /// There is no such message, or not any more.
    Unknown,
    /// It would be hidden for longer than it has to live. Nothing was changed.
    PastItsEnd,
    /// Storage takes no text that is as long. Nothing was changed.
    TooLong,
}

/// The queues of clients' own messages, by name. They share their names with the queues of tasks where
/// storage has one space of names: a caller gives no name twice.
pub trait RawQueues: Send + Sync {
    /// A queue; one that does not exist comes to be when it is prepared, or first used.
    fn open_raw(&self, name: &QueueName) -> Arc<dyn RawQueue>;
}

/// One queue of clients' own messages.
///
/// What was put survives a power cut. That it was received, changed or deleted need not.
#[async_trait]
pub trait RawQueue: Send + Sync {
    /// Makes the queue ready to use: creates it when missing.
    async fn prepare(&self) -> Result<(), StorageError>;

    /// Appends a message of up to 64 KiB that others see after `delay`, up to 7 days and shorter than its
    /// life. Its life counts from now; `None`: it does not end.
    ///
    /// Gives `None` when storage takes no text that is as long: it may count what its protocol adds.
    async fn put(
        &self,
        text: &str,
        life: Option<Duration>,
        delay: Duration,
    ) -> Result<Option<Leased>, StorageError>;

    /// Takes up to `max` (1 to 32) visible messages and hides them for so long: 1 second to 7 days.
    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Leased>, StorageError>;

    /// Looks at up to `max` (1 to 32) visible messages, those that come next, and changes nothing.
    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError>;

    /// Hides a message for so long from now, up to 7 days, and lets it say something else, if that is given.
    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        text: Option<&str>,
        hide: Duration,
    ) -> Result<Changed, StorageError>;

    /// Deletes a message; `false` when the receipt is stale or the message is gone.
    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError>;

    /// Deletes all messages, hidden ones included.
    async fn clear(&self) -> Result<(), StorageError>;

    /// How many messages there are, hidden ones included; approximate, but never too few.
    async fn length(&self) -> Result<u64, StorageError>;
}
