//! The end of a task, told to whoever its client named: by a task of its own, once for each round of
//! attempts.

use crate::model::task::TaskRecord;
use ports::StorageError;
use work::BoxFuture;

/// Takes in what is to be told.
pub(crate) trait Notices: Send + Sync {
    /// Sees to it that the end of this task is told, however often it is asked for. Asks nothing of
    /// storage where the client named nobody.
    ///
    /// # Errors
    ///
    /// Nobody is told yet, or nobody knows whether somebody is: to be asked for again.
    fn tell(&self, ended: &TaskRecord) -> BoxFuture<'static, Result<(), StorageError>>;

    /// Does in the background what rules say about failures, of which there is a new one. What is not done, the
    /// next sweep does.
    fn failed(&self);
}
