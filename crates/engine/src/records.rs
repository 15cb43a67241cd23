//! Task records in the store: read, and written so that the first terminal write wins.

use std::sync::Arc;

use crate::limits::COMMIT_TRIES;
use crate::model::id::TaskId;
use crate::model::stored::UnreadableRecord;
use crate::model::task::TaskRecord;
use ports::{Clock, ETag, StorageError, TaskStore};

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
    /// The record in the store asks for other work than ours does, which is from a message: the
    /// record is the truth, and stays. Its version is known now.
    OtherWork,
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
        let Some(stored) = self.store.read(&id.text()).await? else {
            return Ok(None);
        };
        let record = TaskRecord::from_body(id, &stored.body, stored.modified_at)?;
        Ok(Some(Versioned {
            record,
            etag: Some(stored.etag),
        }))
    }

    /// Writes a record over its version, unless somebody has ended the task since: the first
    /// terminal write wins, also when the task was retried after it. A version that is merely old,
    /// because the task was shown as running or is delivered again, is replaced, if it is of the same
    /// work.
    pub async fn commit(&self, versioned: &mut Versioned) -> Result<Commit, RecordError> {
        let id = versioned.record.id;
        let name = id.text();
        versioned.record.updated_at = self.clock.now();
        for _ in 0..COMMIT_TRIES {
            let document = versioned.record.to_document();
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
                Some(now) if now.record.retries != versioned.record.retries => {
                    return Ok(Commit::Lost);
                }
                Some(now) if !now.record.is_same_work(&versioned.record) => {
                    versioned.etag = now.etag;
                    return Ok(Commit::OtherWork);
                }
                Some(now) => {
                    versioned.etag = now.etag;
                    let record = &mut versioned.record;
                    // An attempt may have begun since ours, or since our cancel looked.
                    record.attempts = now.record.attempts.max(record.attempts);
                    // What a message does not tell, or tells otherwise.
                    record.created_at = now.record.created_at;
                    record.others = now.record.others;
                }
                None if versioned.etag.is_some() => return Ok(Commit::Lost),
                None => {}
            }
        }
        Err(StorageError::transient("commit record", "it keeps changing").into())
    }

    /// Writes a record over exactly its version, terminal or not; `false` when that is no longer
    /// the one in the store.
    pub async fn replace(&self, versioned: &mut Versioned) -> Result<bool, StorageError> {
        let Some(etag) = &versioned.etag else {
            return Ok(false);
        };
        versioned.record.updated_at = self.clock.now();
        let name = versioned.record.id.text();
        let document = versioned.record.to_document();
        let written = self.store.replace(&name, &document, etag).await?;
        let replaced = written.is_some();
        versioned.etag = written.or(versioned.etag.take());
        Ok(replaced)
    }

    /// Deletes a record; with an ETag, only that version.
    pub async fn delete(&self, id: TaskId, etag: Option<&ETag>) -> Result<bool, StorageError> {
        self.store.delete(&id.text(), etag).await
    }
}
