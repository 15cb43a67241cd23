//! Finding a task, and consuming its result: it is gone once a reader has it.

use crate::local::consumed::DeletionPermit;
use crate::model::id::TaskId;
use crate::records::{RecordError, Shown, Versioned};
use crate::tasks::service::Tasks;
use ports::StorageError;
use ports::crash::{CrashPoint, crash_point};

impl Tasks {
    /// The record of a task and its version; `None` when there is none, or when its result was just
    /// consumed.
    ///
    /// It is read no earlier than this is called, and once for many who ask at the same time.
    pub async fn find(&self, id: TaskId) -> Result<Option<Versioned>, RecordError> {
        let read = async || match self.parts.consumed.contains(id) {
            true => Ok(None),
            false => self.parts.records.read(id).await,
        };
        let (shared, clock) = (&self.parts.shared, &*self.parts.clock);
        let found = shared.found.look(id, clock, read).await;
        found.unwrap_or_else(still_in_line)
    }

    /// The same for a monitor, which leaves out a large result.
    pub async fn show(&self, id: TaskId) -> Result<Option<Shown>, RecordError> {
        let read = async || match self.parts.consumed.contains(id) {
            true => Ok(None),
            false => self.parts.records.show(id).await,
        };
        let (shared, clock) = (&self.parts.shared, &*self.parts.clock);
        let shown = shared.shown.look(id, clock, read).await;
        shown.unwrap_or_else(still_in_line)
    }

    /// Marks a result as consumed: from now on this process answers that there is none.
    /// Follow it with [`delete_consumed`](Self::delete_consumed) or [`keep`](Self::keep).
    pub fn consume(&self, id: TaskId) {
        self.parts.consumed.add(id);
    }

    /// Takes one [`consume`](Self::consume) back: the result did not reach its reader, or the store
    /// knows by now.
    pub fn keep(&self, id: TaskId) {
        self.parts.consumed.remove(id);
    }

    /// Waits for leave to delete a consumed record, of which
    /// [`MAX_DELETIONS`](crate::limits::MAX_DELETIONS) are given out at a time.
    pub async fn deletion_permit(&self) -> DeletionPermit {
        self.parts.consumed.deletion_permit().await
    }

    /// Deletes a consumed record. If that fails the result is readable again, and is deleted when
    /// its retention ends.
    pub async fn delete_consumed(&self, id: TaskId, _permit: DeletionPermit) {
        crash_point(CrashPoint::AfterReply);
        match self.parts.records.delete(id, None).await {
            Ok(_) => log::debug!("task.id" = id; "result consumed"),
            Err(error) => log::warn!("task.id" = id; "consumed result stays for now: {error}"),
        }
        self.keep(id);
    }
}

/// Storage did not answer those before in time.
fn still_in_line<T>() -> Result<T, RecordError> {
    Err(StorageError::transient("read record", "no answer to those who asked before").into())
}
