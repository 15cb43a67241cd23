//! Waiting for tasks to end. While this process is the one that ends them, waiting reads nothing:
//! the worker hands the record over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

use super::id::TaskId;
use super::limits::{FIRST_WAITING_READ, MAX_WAITERS};
use super::records::RecordError;
use super::service::{Tasks, lock};
use super::task::TaskRecord;

type Ended = Option<Arc<TaskRecord>>;

/// Who waits for which task.
pub(super) struct Waiters {
    by_task: Mutex<HashMap<TaskId, watch::Sender<Ended>>>,
    places: Arc<Semaphore>,
}

/// One client's wait. Dropping it, as when the client hangs up, frees its place.
pub struct Waiter {
    shared: Arc<super::service::Shared>,
    id: TaskId,
    ended: watch::Receiver<Ended>,
    _place: tokio::sync::OwnedSemaphorePermit,
}

/// As many clients wait as may.
#[derive(Debug, thiserror::Error)]
#[error("too many clients are waiting")]
pub struct TooManyWaiters;

impl Default for Waiters {
    fn default() -> Self {
        Self {
            by_task: Mutex::default(),
            places: Arc::new(Semaphore::new(MAX_WAITERS)),
        }
    }
}

impl Waiters {
    /// Hands the record of a task that has ended to whoever waits for it in this process.
    pub(super) fn ended(&self, record: &TaskRecord) {
        let sender = lock(&self.by_task).remove(&record.id);
        if let Some(sender) = sender {
            sender.send_replace(Some(Arc::new(record.clone())));
        }
    }

    /// How many wait now.
    pub(super) fn count(&self) -> usize {
        MAX_WAITERS - self.places.available_permits()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut by_task = lock(&self.shared.waiters.by_task);
        // The one who is going is still counted.
        if by_task
            .get(&self.id)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            by_task.remove(&self.id);
        }
    }
}

impl Tasks {
    /// Takes a place among the waiters of a task. Do it before the task is submitted or looked at:
    /// what ends after this is not missed.
    pub fn watch(&self, id: TaskId) -> Result<Waiter, TooManyWaiters> {
        let waiters = &self.shared.waiters;
        let place = Arc::clone(&waiters.places)
            .try_acquire_owned()
            .map_err(|_| TooManyWaiters)?;
        let ended = lock(&waiters.by_task)
            .entry(id)
            .or_insert_with(|| watch::Sender::new(None))
            .subscribe();
        Ok(Waiter {
            shared: Arc::clone(&self.shared),
            id,
            ended,
            _place: place,
        })
    }

    /// Waits until the task has ended, at most for `timeout`. `None` when it has not, or is gone.
    ///
    /// Another process may be the one that ends it, unless the store is ours alone; so the record is
    /// read now and then, at growing intervals.
    pub async fn wait(
        &self,
        mut waiter: Waiter,
        timeout: Duration,
    ) -> Result<Option<TaskRecord>, RecordError> {
        let deadline = sleep(timeout);
        tokio::pin!(deadline);
        let mut interval = FIRST_WAITING_READ;
        loop {
            tokio::select! {
                ended = waiter.ended.wait_for(Option::is_some) => {
                    let ended = ended.ok().and_then(|ended| ended.clone());
                    return Ok(ended.map(Arc::unwrap_or_clone));
                }
                () = &mut deadline => return Ok(None),
                () = sleep(interval), if self.shared.has_other_workers => {
                    match self.find(waiter.id).await? {
                        None => return Ok(None),
                        Some(found) if found.record.status().is_terminal() => {
                            return Ok(Some(found.record));
                        }
                        Some(_) => interval *= 2,
                    }
                }
            }
        }
    }
}
