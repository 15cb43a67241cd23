//! What storage must do for records: read, write under conditions, and list.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Step, StorageError, Timestamp, Written};

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
/// Names are short, printable ASCII without `/`.
#[async_trait]
pub trait TaskStore: Send + Sync {
    /// Makes the store ready to use: creates what is missing, and fails when it cannot be used.
    async fn prepare(&self) -> Result<(), StorageError>;

    /// Says whether the store can be used now, at the cost of one small operation.
    async fn check(&self) -> Result<(), StorageError>;

    /// Reads a record; `None` when there is none.
    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError>;

    /// Does these steps in their order; after one that does not hold, none. A store that can does all
    /// of them or none; the others say how far they came, see [`Written`].
    ///
    /// What was written survives the end of the process and a power cut, but for a settlement that is
    /// alone: its message may be delivered once more.
    ///
    /// # Errors
    ///
    /// When the first step failed, or nobody knows whether it was done.
    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError>;

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

    /// Writes a new record, and nothing else; `None` when the name is taken.
    async fn create(&self, name: &str, document: &Document) -> Result<Option<ETag>, StorageError> {
        let written = self.write(&[Step::Create { name, document }]).await?;
        Ok(written.into_etag())
    }

    /// Replaces a record if it still has this ETag; `None` when it has changed or is gone.
    async fn replace(
        &self,
        name: &str,
        document: &Document,
        etag: &ETag,
    ) -> Result<Option<ETag>, StorageError> {
        let step = Step::Replace {
            name,
            document,
            etag,
        };
        Ok(self.write(&[step]).await?.into_etag())
    }

    /// Deletes a record, with an ETag only if it still has that. `false` when it was not there
    /// or has changed.
    async fn delete(&self, name: &str, etag: Option<&ETag>) -> Result<bool, StorageError> {
        let written = self.write(&[Step::Delete { name, etag }]).await?;
        Ok(matches!(written, Written::Done { .. }))
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
