//! Task records in the store: read, and written so that the first terminal write wins.

use std::sync::Arc;

use super::id::TaskId;
use super::limits::COMMIT_TRIES;
use super::task::{TaskRecord, UnreadableRecord};
use crate::ports::{Clock, ETag, StorageError, TaskStore};

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The store did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The store holds something else under this id.
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
}

/// A record, and the version of it that a write would replace.
#[derive(Clone, Debug)]
pub struct Versioned {
    /// The record, as read or as it is to be written.
    pub record: TaskRecord,
    /// `None` while it is not in the store.
    pub etag: Option<ETag>,
}

/// How a conditional write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The record is as we wrote it.
    Written,
    /// Somebody else ended the task first, or its record is gone: ours counts for nothing.
    Lost,
}

/// The store, in terms of records.
#[derive(Clone)]
pub struct Records {
    store: Arc<dyn TaskStore>,
    clock: Arc<dyn Clock>,
}

impl Records {
    /// Over this store; the clock dates changes.
    pub fn new(store: Arc<dyn TaskStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The record of a task, if there is one.
    pub async fn read(&self, id: TaskId) -> Result<Option<Versioned>, RecordError> {
        let Some(stored) = self.store.read(&id.to_string()).await? else {
            return Ok(None);
        };
        let record = TaskRecord::from_body(id, &stored.body, stored.modified_at)?;
        Ok(Some(Versioned {
            record,
            etag: Some(stored.etag),
        }))
    }

    /// Writes the record of a new task.
    ///
    /// A taken name means that a retry of our own met the first try's success: ids are unique.
    pub async fn create(&self, record: &TaskRecord) -> Result<ETag, StorageError> {
        let name = record.id.to_string();
        match self.store.create(&name, &record.to_document()).await? {
            Some(etag) => Ok(etag),
            None => self
                .store
                .read(&name)
                .await?
                .map(|stored| stored.etag)
                .ok_or_else(|| {
                    StorageError::transient("create record", "the record came and went")
                }),
        }
    }

    /// Writes a record over its version, unless somebody has ended the task since: the first
    /// terminal write wins. A version that is merely old, because the task was shown as running or
    /// is delivered again, is replaced.
    pub async fn commit(&self, versioned: &mut Versioned) -> Result<Commit, RecordError> {
        let id = versioned.record.id;
        let name = id.to_string();
        versioned.record.updated_at = self.clock.now();
        let document = versioned.record.to_document();
        for _ in 0..COMMIT_TRIES {
            let written = match &versioned.etag {
                Some(etag) => self.store.replace(&name, &document, etag).await?,
                None => self.store.create(&name, &document).await?,
            };
            if written.is_some() {
                versioned.etag = written;
                return Ok(Commit::Written);
            }
            // Another writer, or our own write whose answer was lost: look.
            match self.read(id).await? {
                Some(now) if now.record.status().is_terminal() => return Ok(Commit::Lost),
                Some(now) => versioned.etag = now.etag,
                None if versioned.etag.is_some() => return Ok(Commit::Lost),
                None => {}
            }
        }
        Err(StorageError::transient("commit record", "it keeps changing").into())
    }

    /// Deletes a record; with an ETag, only that version.
    pub async fn delete(&self, id: TaskId, etag: Option<&ETag>) -> Result<bool, StorageError> {
        self.store.delete(&id.to_string(), etag).await
    }
}
