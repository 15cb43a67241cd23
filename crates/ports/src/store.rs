//! What storage must do for records: read, write under conditions, and list.

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::{
    Document, ETag, Looked, Newest, Page, Step, StorageError, Stored, Timestamp, Wanted, Written,
};

/// The places of many writes (from 0) and their answers, as they come.
pub type Writes<'a> = BoxStream<'a, (usize, Result<Written, StorageError>)>;

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

    /// Reads a record unless its body is larger than so many bytes (1 or more): then, if the store can, only
    /// what a listing tells of it. `None` when there is none.
    async fn look(&self, name: &str, most: usize) -> Result<Option<Looked>, StorageError> {
        let _ = most;
        Ok(self.read(name).await?.map(Looked::Whole))
    }

    /// Does these steps in their order; after one that does not hold, none. A store that can does all
    /// of them or none; the others say how far they came, see [`Written`], and may send messages in a row in
    /// any order.
    ///
    /// What was written survives the end of the process and a power cut, but for a settlement that is
    /// alone: its message may be delivered once more.
    ///
    /// # Errors
    ///
    /// When the first step failed, or nobody knows whether it was done.
    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError>;

    /// Does many writes, each as [`write`](Self::write) does it and by itself: whatever becomes of one, the
    /// others go on, in no order. Gives the place of each (from 0) and its answer, as they come.
    ///
    /// A store that shares a commit among its writers does all of them with one; others do as many side by side
    /// as is good for them and for whoever else uses them.
    fn write_each<'a>(&'a self, writes: &'a [&'a [Step<'a>]]) -> Writes<'a> {
        side_by_side(self, writes, writes.len())
    }

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

    /// A URL under which anybody can read what is stored under this name, now or later, until then; `None`
    /// when the store gives none. It is a secret of whoever it is given to.
    async fn link(&self, name: &str, until: Timestamp) -> Result<Option<String>, StorageError> {
        let _ = (name, until);
        Ok(None)
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

/// Does many writes of a store that shares no commit among them, so many at once.
pub fn side_by_side<'a, S: TaskStore + ?Sized>(
    store: &'a S,
    writes: &'a [&'a [Step<'a>]],
    at_once: usize,
) -> Writes<'a> {
    let writes = writes
        .iter()
        .enumerate()
        .map(move |(place, steps)| async move { (place, store.write(steps).await) });
    stream::iter(writes)
        .buffer_unordered(at_once.max(1))
        .boxed()
}
