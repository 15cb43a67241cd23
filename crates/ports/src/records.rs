//! Records as values: what is written, what is read, and what a listing tells.

use bytes::Bytes;

use crate::Timestamp;

/// The version of a stored record, opaque: what [`TaskStore`](crate::TaskStore) gave is what it takes back.
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
    /// What it has beside that, which is as seldom.
    pub further: Option<Box<Further>>,
}

/// What few records have in their heads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Further {
    /// When its next attempt may begin, to the millisecond, if it waits for a time; `None` too where an older
    /// release wrote the record.
    pub due_at: Option<Timestamp>,
    /// What its client calls it, separated by commas: short printable ASCII. `None` without.
    pub labels: Option<Box<str>>,
}

impl Head {
    /// Of what is kept beside tasks since this time: it has neither attempts nor an error.
    pub fn beside(kind: &str, status: &str, since: Timestamp) -> Self {
        Self {
            kind: kind.to_owned(),
            status: status.to_owned(),
            created_at: since,
            updated_at: since,
            attempts: 0,
            error: None,
            further: None,
        }
    }

    /// When its next attempt may begin, if it waits for a time.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.further.as_ref()?.due_at
    }

    /// What its client calls it, if anything.
    pub fn labels(&self) -> Option<&str> {
        self.further.as_ref()?.labels.as_deref()
    }
}

impl Further {
    /// As a head has it.
    pub fn of(due_at: Option<Timestamp>, labels: Option<&str>) -> Option<Box<Self>> {
        let labels = labels.map(Box::from);
        (due_at.is_some() || labels.is_some()).then(|| Box::new(Self { due_at, labels }))
    }
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

/// A record, as far as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// All of it.
    Whole(Stored),
    /// What a listing tells of it: its body is larger than what was wanted.
    Large(Listed),
}

/// A page of a listing: in ascending order of name (bytewise), unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub items: Vec<Listed>,
    /// The tallies whose names are among those of the page: a row of it each, towards its limit as well.
    pub tallies: Vec<ListedTally>,
    /// Where the next page starts; opaque; `None` after the last page.
    pub next: Option<String>,
}

/// What a listing of records tells of a tally that it passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTally {
    /// The name it was opened under.
    pub name: String,
    /// When it was opened or, where the store knows that, last added to, by the store's clock.
    pub modified_at: Timestamp,
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
    /// Those with all of these labels.
    pub labels: Vec<String>,
}

impl Wanted {
    /// Whether a record of this status and kind is wanted, whenever it was created and whatever it is called.
    pub fn takes(&self, status: &str, kind: &str) -> bool {
        self.statuses.contains(&status) && self.kind.as_ref().is_none_or(|wanted| wanted == kind)
    }
}

/// Whether labels as [`Head`] has them are all of these, and perhaps more.
pub fn are_among(wanted: &[String], labels: Option<&str>) -> bool {
    let labels = || labels.unwrap_or_default().split(',');
    wanted
        .iter()
        .all(|wanted| labels().any(|label| label == wanted))
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
