//! Waiting for tasks to end. While this process is the one that ends them, waiting reads nothing:
//! the worker hands the record over. Where others may be, it looks at the record, too.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

use crate::limits::{FIRST_LOOK, LAST_LOOK, LONGEST_LOOK_INTERVAL};
use crate::local::metrics::Waited;
use crate::local::waiters::{TooManyWaiters, Waiter};
use crate::model::id::TaskId;
use crate::model::task::TaskRecord;
use crate::records::RecordError;
use crate::tasks::service::Tasks;

impl Tasks {
    /// Takes a place among the waiters of a task. Do it before the task is submitted or looked at:
    /// what ends after this is not missed.
    pub fn watch(&self, id: TaskId) -> Result<Waiter, TooManyWaiters> {
        let watched = self.parts.endings.waiters.watch(id);
        if watched.is_err() {
            self.parts.endings.metrics.waited(Waited::Refused);
        }
        watched
    }

    /// Waits until the task has ended, at most for `timeout`, and no longer once the process is told
    /// to stop. `None` when it has not, or is gone.
    pub fn wait(
        &self,
        waiter: Waiter,
        timeout: Duration,
    ) -> impl Future<Output = Result<Option<Arc<TaskRecord>>, RecordError>> {
        self.ended(waiter, timeout).inspect(|ended| {
            self.parts.endings.metrics.waited(match ended {
                Ok(Some(_)) => Waited::Ended,
                Ok(None) | Err(_) => Waited::NotEnded,
            });
        })
    }

    /// Another process may be the one that ends it, unless the store is ours alone. So the record is
    /// read now and then, and once more at the end: a result that is there by then is not missed.
    async fn ended(
        &self,
        mut waiter: Waiter,
        timeout: Duration,
    ) -> Result<Option<Arc<TaskRecord>>, RecordError> {
        let id = waiter.id();
        let has_other_workers = self.parts.settings.has_other_workers;
        let told = waiter.told();
        tokio::pin!(told);
        tokio::select! {
            biased;
            ended = &mut told => return Ok(ended),
            () = self.parts.stop.stopping.cancelled() => {}
            () = sleep(timeout) => {}
            found = self.look_out(id), if has_other_workers => return found,
        }
        if !has_other_workers || timeout.is_zero() {
            return Ok(None);
        }
        tokio::select! {
            biased;
            ended = told => Ok(ended),
            found = self.find(id) => {
                let record = found?.map(|found| Arc::new(found.record));
                Ok(record.filter(|record| record.status().is_terminal()))
            }
            () = sleep(LAST_LOOK) => Ok(None),
        }
    }

    /// Reads the record of a task now and then until it has ended; `None` when it is gone.
    async fn look_out(&self, id: TaskId) -> Result<Option<Arc<TaskRecord>>, RecordError> {
        let mut interval = FIRST_LOOK;
        loop {
            sleep(interval).await;
            match self.find(id).await? {
                Some(found) if !found.record.status().is_terminal() => {}
                found => return Ok(found.map(|found| Arc::new(found.record))),
            }
            interval = (interval * 2).min(LONGEST_LOOK_INTERVAL);
        }
    }
}
