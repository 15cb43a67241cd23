//! What a queue must do: at least once, in no strict order, with the semantics of Azure Storage Queues.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{QueuedMessage, StorageError, Timestamp};

/// The name of a queue: 3 to 56 lower-case letters, digits and single hyphens, which begins and ends
/// with a letter or digit. Clones share it.
///
/// These are the rules of Azure Storage ([Naming queues and
/// metadata](https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata)), which
/// allow 63 characters: the rest is left for what a backend appends to name the queue of dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueueName(Arc<str>);

impl QueueName {
    /// The most characters a name has.
    pub const LONGEST: usize = 56;

    /// What is appended to name the queue of dead letters: the Functions host does so.
    pub const DEAD_LETTERS: &str = "-poison";

    /// The name, as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl TryFrom<&str> for QueueName {
    type Error = NotAQueueName;

    fn try_from(name: &str) -> Result<Self, NotAQueueName> {
        if is_storage_name(name, Self::LONGEST) {
            Ok(Self(name.into()))
        } else {
            Err(NotAQueueName)
        }
    }
}

/// Whether a text is 3 to `longest` lower-case letters, digits and single hyphens, which begins and ends
/// with a letter or digit: Azure Storage's rule for names of queues and containers alike.
pub fn is_storage_name(text: &str, longest: usize) -> bool {
    (3..=longest).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no name of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAQueueName;

impl fmt::Display for NotAQueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "is not a name of 3 to {} lower-case letters, digits and single hyphens, which begins \
             and ends with a letter or digit",
            QueueName::LONGEST
        )
    }
}

impl std::error::Error for NotAQueueName {}

/// Proof of one delivery, or of a message that its sender holds, for whoever settles it; stale after the
/// next delivery. Opaque: what a queue gave
/// is what it takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where the message is, as the backend calls it.
    pub queue: Arc<str>,
    /// The queue's name for the message.
    pub id: String,
    /// What is another with every delivery and renewal: the pop receipt.
    pub token: String,
}

/// One hand-over of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What was sent.
    pub text: String,
    /// How often the queue has handed it out; 1 the first time, and for a sender who holds it.
    pub dequeue_count: u32,
    /// When it was sent, if that is known.
    pub inserted_at: Option<Timestamp>,
    /// For settling it; `None` when somebody else holds the message and settles it, as a host does.
    pub receipt: Option<Receipt>,
}

impl Delivery {
    /// The queue's name for the message, for the log; empty when somebody else holds it.
    pub fn id(&self) -> &str {
        self.receipt.as_ref().map_or("", |receipt| &receipt.id)
    }
}

/// What is to become of a message that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle<'a> {
    /// It is deleted.
    Done,
    /// It is visible again after so long.
    Release(Duration),
    /// It moves to the dead letters of its queue, as if it had been sent there now.
    DeadLetter {
        /// What it says, for a queue that cannot move a message, but sends it anew.
        text: &'a str,
        /// Why, for a queue that keeps it.
        reason: &'a str,
    },
}

/// The queues of a backend, by name.
pub trait Queues: Send + Sync {
    /// A queue; one that does not exist comes to be when it is prepared.
    fn open(&self, name: &QueueName) -> Arc<dyn Queue>;

    /// The queue of messages that were given up, and of no others. It has no dead letters itself: those
    /// stay in it.
    fn open_dead_letters(&self, name: &QueueName) -> Arc<dyn Queue>;
}

/// One queue.
///
/// What was sent survives a power cut. That it was received, renewed or settled need not: it may then
/// be delivered once more.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Makes the queue ready to use: creates it when missing.
    async fn prepare(&self) -> Result<(), StorageError>;

    /// Appends a message of up to 64 KiB, visible after `delay` (zero: at once), or before when the queue
    /// cannot hide it for so long: after 7 days or later then.
    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError>;

    /// Takes up to `max` (1 to 32) visible messages and hides them for so long. Each has a receipt.
    async fn receive(&self, max: u32, hide: Duration) -> Result<Vec<Delivery>, StorageError>;

    /// Hides a received message for so long from now, and renews its receipt. `false` when the receipt
    /// is stale or the message is gone.
    async fn renew(&self, receipt: &mut Receipt, hide: Duration) -> Result<bool, StorageError>;

    /// Settles a received message; `false` when the receipt is stale or the message is gone.
    async fn settle(&self, receipt: &Receipt, how: Settle<'_>) -> Result<bool, StorageError>;

    /// How many messages there are, hidden ones included; approximate, but never too few. `None` when the
    /// queue cannot tell.
    async fn length(&self) -> Result<Option<u64>, StorageError>;

    /// When the message was sent that is next to be received; `None` when none is visible, or the queue
    /// cannot tell.
    async fn front(&self) -> Result<Option<Timestamp>, StorageError>;

    /// Looks at up to `max` (1 to 32) visible messages, those that come next, and changes nothing.
    async fn peek(&self, max: u32) -> Result<Vec<QueuedMessage>, StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_follows_the_rules_of_azure_and_leaves_room() {
        for name in ["abc", "background-tasks", "0-1-2", &"a".repeat(56)] {
            assert_eq!(QueueName::try_from(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "ab",
            "Tasks",
            "a_b_c",
            "-ab",
            "ab-",
            "a--b",
            "tä-sks",
            "a b",
            &"a".repeat(57),
        ] {
            assert_eq!(QueueName::try_from(name), Err(NotAQueueName), "{name}");
        }
    }
}
