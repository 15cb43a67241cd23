//! A process with its loop, alone on its storage.

use std::sync::Arc;
use std::time::Duration;

use async_request_reply::triggers::standalone::{self, Pace};
use engine::{Records, Settings, Submission, TaskId, TaskStatus};
use ports::{Queue, TaskStore};
use tokio::task::JoinHandle;

use super::bench::json;
use crate::helpers::clock::ManualClock;
use crate::helpers::eventually::eventually;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::{Process, Storage, settings};
use crate::helpers::queues::{self, TestQueues};

const PACE: Pace = Pace {
    longest_wait: Duration::from_millis(200),
    rest: 0,
};

pub(super) struct Looping {
    pub(super) process: Process,
    pub(super) kinds: TestKinds,
    clock: Arc<ManualClock>,
    queue: Arc<dyn Queue>,
    records: Records,
}

impl Looping {
    /// It computes so many attempts side by side.
    pub(super) fn new(slots: usize) -> Self {
        Self::waiting(slots, 1_000)
    }

    /// And so many wait.
    pub(super) fn waiting(slots: usize, waiting: usize) -> Self {
        let clock = Arc::new(ManualClock::new());
        let memory = Memory::new(clock.clone());
        let store: Arc<dyn TaskStore> = memory.clone();
        let storage = Storage {
            clock: clock.clone(),
            store: store.clone(),
            tallies: memory.tallies(),
            queues: memory.clone(),
            queue: queues::tasks(),
        };
        let kinds = TestKinds::default();
        Self {
            process: storage.process_with(
                &kinds,
                Settings {
                    waiting,
                    ..settings(slots, false)
                },
            ),
            kinds,
            queue: memory.queue(),
            records: Records::new(store, clock.clone()),
            clock,
        }
    }

    pub(super) fn start(&self) -> JoinHandle<()> {
        tokio::spawn(standalone::work(self.process.engine.clone(), PACE))
    }

    pub(super) fn stop(&self) {
        self.process.engine.stop.stopping.cancel();
    }

    pub(super) async fn submit(&self, kind: &str) -> TaskId {
        let submission = Submission::new(self.process.tasks.new_id(), kind, json("1"));
        self.process.tasks.submit(submission).await.unwrap().id
    }

    pub(super) async fn attempts(&self, id: TaskId) -> u32 {
        let found = self.records.read(id).await.unwrap();
        found.unwrap().record.attempts
    }

    pub(super) async fn status(&self, id: TaskId) -> TaskStatus {
        let found = self.records.read(id).await.unwrap();
        found.unwrap().record.status()
    }

    /// How many messages there are.
    pub(super) async fn messages(&self) -> u64 {
        self.queue.length().await.unwrap().unwrap()
    }

    /// Lets all that was put off come back, until nothing is left.
    pub(super) async fn until_empty(&self) {
        eventually("the queue is empty", async || {
            self.clock.advance(Duration::from_secs(1));
            (self.messages().await == 0).then_some(())
        })
        .await;
    }
}
