//! What the domain needs from storage and from time, as traits over plain types.
//!
//! A backend moves bytes: it never parses a record or a message. Everything a listing or a
//! sweep must know without reading a record is repeated in its [`Head`].

mod secret;
pub mod timestamp;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;

pub use secret::Secret;

/// A point in time, UTC. Records and replies carry milliseconds, see [`Clock`].
pub type Timestamp = OffsetDateTime;

/// The version of a stored record, opaque: what [`TaskStore`] gave is what it takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// Wraps the text a backend uses for a version.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, as the backend wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a listing tells about a record: kept beside the body (blob metadata, table columns).
///
/// Kind and status are short printable ASCII, because blob metadata travels in HTTP headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The kind of work.
    pub kind: String,
    /// The status, in the record's spelling.
    pub status: String,
    /// When the task was submitted, to the millisecond. A replacement cannot change it.
    pub created_at: Timestamp,
    /// When the record last changed, to the millisecond and by the writer's clock.
    pub updated_at: Timestamp,
    /// How many attempts have begun.
    pub attempts: u32,
    /// Why the task failed, if it did; `None` too where an older release wrote the record. Few have one,
    /// so the others carry no room for it.
    pub error: Option<Box<HeadError>>,
}

/// An error in short: any text on one line, of a few hundred bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadError {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A record to write: its head and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What a listing shows of it.
    pub head: Head,
    /// The record itself, opaque here.
    pub body: Bytes,
}

/// A record as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The record itself, opaque here.
    pub body: Bytes,
    /// Its version, for a conditional write.
    pub etag: ETag,
    /// When it was last written, by the store's clock.
    pub modified_at: Timestamp,
}

/// One row of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name it was created under.
    pub name: String,
    /// Its version, for a conditional write.
    pub etag: ETag,
    /// When it was last written, by the store's clock.
    pub modified_at: Timestamp,
    /// `None` when something else wrote the blob (a result of R0, a stranger's file).
    pub head: Option<Head>,
}

/// A page of a listing: in ascending order of name (bytewise), unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub items: Vec<Listed>,
    /// Where the next page starts; opaque; `None` after the last page.
    pub next: Option<String>,
}

/// Where task records live. Every change is conditional: the first writer wins.
///
/// What was written survives the end of the process and a power cut.
///
/// Names are short, printable ASCII without `/`.
#[async_trait]
pub trait TaskStore: Send + Sync {
    /// Makes the store ready to use: creates what is missing, and fails when it cannot be used.
    async fn prepare(&self) -> Result<(), StorageError>;

    /// Says whether the store can be used now, at the cost of one small operation.
    async fn check(&self) -> Result<(), StorageError>;

    /// Writes a new record; `None` when the name is taken (and then nothing is changed).
    async fn create(&self, name: &str, document: &Document) -> Result<Option<ETag>, StorageError>;

    /// Reads a record; `None` when there is none.
    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError>;

    /// Replaces a record if it still has this ETag; `None` when it has changed or is gone.
    async fn replace(
        &self,
        name: &str,
        document: &Document,
        etag: &ETag,
    ) -> Result<Option<ETag>, StorageError>;

    /// Deletes a record, with an ETag only if it still has that. `false` when it was not there
    /// or has changed.
    async fn delete(&self, name: &str, etag: Option<&ETag>) -> Result<bool, StorageError>;

    /// Lists records whose names start with `prefix`, from where the page before ended.
    /// `limit` (1 to 5,000) bounds the page; a page may be shorter, even empty, and still have a next.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError>;

    /// Lists the records that are wanted, newest first, from where the page before ended, if the store
    /// can. A page may be shorter than `limit`, even empty, and still have a next.
    async fn newest(
        &self,
        wanted: &Wanted,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Newest, StorageError> {
        let _ = (wanted, after, limit);
        Ok(Newest::Unsupported)
    }
}

/// What a listing of the newest records is to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Those of these statuses.
    pub statuses: Vec<&'static str>,
    /// Those of this kind, or of any.
    pub kind: Option<String>,
    /// Those created after this time.
    pub created_after: Option<Timestamp>,
    /// Those created before this time.
    pub created_before: Option<Timestamp>,
}

impl Wanted {
    /// Whether a record of this status and kind is wanted, whenever it was created.
    pub fn takes(&self, status: &str, kind: &str) -> bool {
        self.statuses.contains(&status) && self.kind.as_ref().is_none_or(|wanted| wanted == kind)
    }
}

/// How a store answers when it is asked for its newest records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Newest {
    /// With these, in descending order of the time they were created.
    Page(Page),
    /// No page of its ended where this one is to begin.
    UnknownPosition,
    /// It can list by name only.
    Unsupported,
}

/// A message as received: hidden from others until its visibility timeout ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The queue's name for the message.
    pub id: String,
    /// Proof of this delivery. Renewing gives a new one; stale after a redelivery.
    pub pop_receipt: String,
    /// How often the queue has handed the message out; 1 the first time.
    pub dequeue_count: u32,
    /// When it was sent.
    pub inserted_at: Timestamp,
    /// What was sent.
    pub text: String,
}

/// A queue with the semantics of Azure Storage Queues: at-least-once, no strict order.
///
/// What was sent survives a power cut. That it was received, renewed or deleted need not: it may then
/// be delivered once more.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Makes the queue ready to use: creates it when missing.
    async fn prepare(&self) -> Result<(), StorageError>;

    /// Appends a message (at most 64 KiB), visible after `delay` (zero: at once), or before when the queue
    /// cannot hide it for so long.
    async fn send(&self, text: &str, delay: Duration) -> Result<(), StorageError>;

    /// Takes up to `max` (1 to 32) visible messages and hides them for `visibility_timeout`.
    async fn receive(
        &self,
        max: u32,
        visibility_timeout: Duration,
    ) -> Result<Vec<Received>, StorageError>;

    /// Hides a received message for `visibility_timeout` from now (zero: visible at once).
    /// Gives the new pop receipt; `None` when the receipt is stale or the message is gone.
    async fn update(
        &self,
        id: &str,
        pop_receipt: &str,
        visibility_timeout: Duration,
    ) -> Result<Option<String>, StorageError>;

    /// Deletes a received message; `false` when the receipt is stale or the message is gone.
    async fn delete(&self, id: &str, pop_receipt: &str) -> Result<bool, StorageError>;

    /// How many messages there are, hidden ones included; approximate.
    async fn length(&self) -> Result<u64, StorageError>;

    /// When the message was sent that is next to be received; `None` when none is visible.
    async fn oldest(&self) -> Result<Option<Timestamp>, StorageError>;
}

/// Where new work comes in: its record, and the message that tells a worker of it.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Writes a new record and sends the message that `tell` makes of the record's version; `None`
    /// when the name is taken (and then nothing is changed, and nothing sent).
    ///
    /// Never sends a message without its record. A record may stay without its message when the
    /// process dies in between, unless the storage can write both at once.
    async fn accept(
        &self,
        name: &str,
        document: &Document,
        tell: Tell<'_>,
    ) -> Result<Option<ETag>, StorageError>;
}

/// Makes the text of a message from the version of the record it tells of.
pub type Tell<'a> = &'a (dyn Fn(&ETag) -> String + Sync);

/// What was asked of storage so far, for metrics.
pub trait Operations: Send + Sync {
    /// How often each operation was asked for, by name.
    fn counts(&self) -> BTreeMap<&'static str, u64>;
}

/// Tells the time, so that tests can.
pub trait Clock: Send + Sync {
    /// Now, cut to milliseconds: what is written reads back equal.
    fn now(&self) -> Timestamp;
}

/// A storage operation that failed for a reason other than the ones its signature names.
///
/// `Display` is safe to log: backends put no credentials, URLs or payloads in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError {
    /// What was tried, such as `create record`.
    pub operation: &'static str,
    /// Why it failed, in one line.
    pub cause: String,
    /// Whether trying again can help.
    pub recovery: Recovery,
}

/// Whether trying a failed storage operation again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It may pass: unreachable, throttled, busy.
    Transient,
    /// It stays until somebody allows it, elsewhere and while we run: no permission.
    Denied,
    /// It stays until somebody acts: wrong key, corrupt file.
    Permanent,
}

impl StorageError {
    /// A failure that may pass by itself.
    pub fn transient(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
            recovery: Recovery::Transient,
        }
    }

    /// A failure that stays until somebody allows what was tried.
    pub fn denied(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
            recovery: Recovery::Denied,
        }
    }

    /// A failure that stays until somebody acts.
    pub fn permanent(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
            recovery: Recovery::Permanent,
        }
    }

    /// True when trying again may help without anybody's doing.
    pub fn is_transient(&self) -> bool {
        self.recovery == Recovery::Transient
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.operation, self.cause)
    }
}

impl std::error::Error for StorageError {}
