//! What the domain needs from storage and from time, as traits over plain types.
//!
//! A part of the package `async-request-reply`, where whoever wants work done begins.
//!
//! | File | What it is about |
//! |---|---|
//! | `store` | where task records live |
//! | `records` | what a record is there, and a listing of them |
//! | `queue` | queues by name, and what they hand over |
//! | `queued_message` | what a look at a queue gives |
//! | `raw_queue` | queues of clients' own messages, in which no task is |
//! | `tallies` | lists to which many add at once |
//! | `files` | files of kinds, by name, in folders |
//! | `write` | the one law for everything that is written: steps, in their order |
//! | `one_by_one` | that law, for a store that can do one step at a time |
//! | `error` | why storage did not do it |
//! | [`budget`] | how long it may take for somebody who waits |
//! | [`crash`] | where a test lets a process die |
//!
//! A backend moves bytes: it never parses a record or a message. Everything a listing or a
//! sweep must know without reading a record is repeated in its [`Head`].

pub mod budget;
pub mod crash;
mod error;
mod files;
mod one_by_one;
mod queue;
mod queued_message;
mod raw_queue;
mod records;
mod secret;
mod store;
mod tallies;
pub mod timestamp;
mod write;

use std::collections::BTreeMap;

use time::OffsetDateTime;

pub use error::{Recovery, StorageError};
pub use files::{FileName, Files, MAX_FILE_BYTES, NotAFileName};
pub use one_by_one::{OneStep, one_by_one};
pub use queue::{
    Delivery, NotAQueueName, Queue, QueueName, Queues, Receipt, Settle, is_storage_name,
};
pub use queued_message::{NEVER, QueuedMessage};
pub use raw_queue::{Changed, Lease, Leased, RawQueue, RawQueues};
pub use records::{
    Document, ETag, Further, Head, HeadError, Listed, ListedTally, Looked, Newest, Page, Stored,
    Wanted, are_among,
};
pub use secret::Secret;
pub use store::{TaskStore, Writes, side_by_side};
pub use tallies::Tallies;
pub use write::{Step, Tell, Text, Written};

/// A point in time, UTC. Records and replies carry milliseconds, see [`Clock`].
pub type Timestamp = OffsetDateTime;

/// What was asked of storage so far, for metrics.
pub trait StorageCalls: Send + Sync {
    /// How often each call was made, by name.
    fn counts(&self) -> BTreeMap<&'static str, u64>;
}

/// Tells the time, so that tests can.
pub trait Clock: Send + Sync {
    /// Now, cut to milliseconds: what is written reads back equal.
    fn now(&self) -> Timestamp;
}
