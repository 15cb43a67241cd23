//! Clients that wait for tasks to end: whoever ends one in this process hands its record over.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::limits::MAX_WAITERS;
use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;
use crate::model::task::TaskRecord;

type Ended = Option<Arc<TaskRecord>>;
type ByTask = Mutex<HashMap<TaskId, watch::Sender<Ended>>>;

/// Who waits for which task.
pub(crate) struct Waiters {
    by_task: Arc<ByTask>,
    permits: Arc<Semaphore>,
}

/// One client's wait. Dropping it, as when the client hangs up, lets another one wait.
///
/// Its parts are dropped in this order: whoever leaves last finds that nobody listens any more.
pub struct Waiter {
    ended: watch::Receiver<Ended>,
    leaving: Leaving,
    _permit: OwnedSemaphorePermit,
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
            permits: Arc::new(Semaphore::new(MAX_WAITERS)),
        }
    }
}

impl Waiters {
    /// Hands the record of a task that has ended to whoever waits for it in this process. Its result may be
    /// megabytes: one that nobody else needs is not copied.
    pub(crate) fn ended(&self, record: Cow<'_, TaskRecord>) {
        let sender = lock(&self.by_task).remove(&record.id);
        if let Some(sender) = sender {
            sender.send_replace(Some(Arc::new(record.into_owned())));
        }
    }

    /// Begins to wait for a task, unless as many do as may.
    pub(crate) fn watch(&self, id: TaskId) -> Result<Waiter, TooManyWaiters> {
        let permit = Arc::clone(&self.permits)
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
            _permit: permit,
        })
    }

    /// Whether somebody waits for this task.
    pub(crate) fn has(&self, id: TaskId) -> bool {
        lock(&self.by_task).contains_key(&id)
    }

    /// How many wait now.
    pub(crate) fn count(&self) -> usize {
        MAX_WAITERS - self.permits.available_permits()
    }
}

impl Waiter {
    /// The task that is waited for.
    pub(crate) fn id(&self) -> TaskId {
        self.leaving.id
    }

    /// Its record, once it has ended in this process.
    pub(crate) async fn told(&mut self) -> Option<Arc<TaskRecord>> {
        let ended = self.ended.wait_for(Option::is_some).await.ok()?;
        ended.clone()
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

#[cfg(all(test, shuttle))]
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
            self.waiters.ended(Cow::Borrowed(&self.record));
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
                scene.waiters.ended(Cow::Borrowed(&scene.record));
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
