//! Waiting for tasks to end. While this process is the one that ends them, waiting reads nothing:
//! the worker hands the record over. Where others may be, it looks at the record, too.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use crate::limits::{FIRST_LOOK, LAST_LOOK, LONGEST_LOOK_INTERVAL, MAX_WAITERS};
use crate::local::metrics::Waited;
use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;
use crate::model::task::TaskRecord;
use crate::records::RecordError;
use crate::tasks::service::Tasks;

type Ended = Option<Arc<TaskRecord>>;
type ByTask = Mutex<HashMap<TaskId, watch::Sender<Ended>>>;

/// Who waits for which task.
pub(crate) struct Waiters {
    by_task: Arc<ByTask>,
    places: Arc<Semaphore>,
}

/// One client's wait. Dropping it, as when the client hangs up, frees its place.
///
/// Its parts are dropped in this order: whoever leaves last finds that nobody listens any more.
pub struct Waiter {
    ended: watch::Receiver<Ended>,
    leaving: Leaving,
    _place: OwnedSemaphorePermit,
}

/// Forgets a task when nobody waits for it.
struct Leaving {
    by_task: Arc<ByTask>,
    id: TaskId,
}

/// As many clients wait as may.
#[derive(Debug, thiserror::Error)]
#[error("too many clients are waiting")]
pub struct TooManyWaiters;

impl Default for Waiters {
    fn default() -> Self {
        Self {
            by_task: Arc::default(),
            places: Arc::new(Semaphore::new(MAX_WAITERS)),
        }
    }
}

impl Waiters {
    /// Hands the record of a task that has ended to whoever waits for it in this process.
    pub(crate) fn ended(&self, record: &TaskRecord) {
        let sender = lock(&self.by_task).remove(&record.id);
        if let Some(sender) = sender {
            sender.send_replace(Some(Arc::new(record.clone())));
        }
    }

    /// Takes a place among the waiters of a task.
    fn watch(&self, id: TaskId) -> Result<Waiter, TooManyWaiters> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| TooManyWaiters)?;
        let ended = lock(&self.by_task)
            .entry(id)
            .or_insert_with(|| watch::Sender::new(None))
            .subscribe();
        let by_task = Arc::clone(&self.by_task);
        Ok(Waiter {
            ended,
            leaving: Leaving { by_task, id },
            _place: place,
        })
    }

    /// How many wait now.
    pub(crate) fn count(&self) -> usize {
        MAX_WAITERS - self.places.available_permits()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut by_task = lock(&self.by_task);
        if by_task
            .get(&self.id)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            by_task.remove(&self.id);
        }
    }
}

impl Tasks {
    /// Takes a place among the waiters of a task. Do it before the task is submitted or looked at:
    /// what ends after this is not missed.
    pub fn watch(&self, id: TaskId) -> Result<Waiter, TooManyWaiters> {
        let watched = self.shared.waiters.watch(id);
        if watched.is_err() {
            self.shared.metrics.waited(Waited::Refused);
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
            self.shared.metrics.waited(match ended {
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
        let id = waiter.leaving.id;
        let told = async {
            let ended = waiter.ended.wait_for(Option::is_some).await.ok();
            ended.and_then(|ended| ended.clone())
        };
        tokio::pin!(told);
        tokio::select! {
            biased;
            ended = &mut told => return Ok(ended),
            () = self.shared.stopping.cancelled() => {}
            () = sleep(timeout) => {}
            found = self.look_out(id), if self.shared.has_other_workers => return found,
        }
        if !self.shared.has_other_workers || timeout.is_zero() {
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

    /// Whether the process was told to stop, and takes no new work.
    pub fn is_stopping(&self) -> bool {
        self.shared.stopping.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use shuttle::{future::block_on, thread};
    use time::macros::datetime;

    use super::*;

    const ROUNDS: usize = 2_000;

    /// A task with waiters, and the store's word on whether it has ended.
    struct Scene {
        waiters: Waiters,
        record: TaskRecord,
        has_ended: Mutex<bool>,
    }

    fn scene() -> Arc<Scene> {
        let now = datetime!(2026-03-01 12:00 UTC);
        let input = RawValue::NULL.to_owned();
        Arc::new(Scene {
            waiters: Waiters::default(),
            record: TaskRecord::queued(TaskId::new(now), "k".to_owned(), input, now),
            has_ended: Mutex::new(false),
        })
    }

    impl Scene {
        /// As the worker does: the store first.
        fn end(&self) {
            *lock(&self.has_ended) = true;
            self.waiters.ended(&self.record);
        }

        /// As a client does; never returns when the end is missed, which shuttle reports.
        fn wait(&self) {
            let mut waiter = self.waiters.watch(self.record.id).unwrap();
            if *lock(&self.has_ended) {
                return;
            }
            let heard = block_on(waiter.ended.wait_for(Option::is_some)).is_ok();
            assert!(heard, "the wait was broken off");
        }

        fn hang_up(&self) {
            drop(self.waiters.watch(self.record.id));
        }
    }

    fn spawn(scene: &Arc<Scene>, act: fn(&Scene)) -> thread::JoinHandle<()> {
        let scene = Arc::clone(scene);
        thread::spawn(move || act(&scene))
    }

    /// Runs these side by side in many orders; nothing must be left then.
    fn run(acts: &'static [fn(&Scene)]) {
        let run = move || {
            let scene = scene();
            let threads: Vec<_> = acts.iter().map(|act| spawn(&scene, *act)).collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(scene.waiters.count(), 0);
            assert!(lock(&scene.waiters.by_task).is_empty());
        };
        shuttle::check_random(run, ROUNDS);
        shuttle::check_pct(run, ROUNDS, 3);
    }

    #[test]
    fn who_watches_before_looking_never_misses_the_end() {
        run(&[Scene::wait, Scene::end]);
    }

    #[test]
    fn who_hangs_up_does_not_deafen_the_others() {
        run(&[Scene::wait, Scene::hang_up, Scene::end]);
    }

    #[test]
    fn nothing_is_left_when_all_have_hung_up() {
        run(&[Scene::hang_up, Scene::hang_up]);
    }

    #[test]
    fn who_was_told_does_not_deafen_those_who_wait_for_the_next_end() {
        shuttle::check_random(
            || {
                let scene = scene();
                let told = scene.waiters.watch(scene.record.id).unwrap();
                scene.waiters.ended(&scene.record);
                // The task is retried, and somebody else waits.
                let waiting = spawn(&scene, Scene::wait);
                let leaving = thread::spawn(move || drop(told));
                let ending = spawn(&scene, Scene::end);
                for thread in [waiting, leaving, ending] {
                    thread.join().unwrap();
                }
            },
            ROUNDS,
        );
    }
}
