//! Two processes that take their messages from one queue: neither holds what the other could begin.

use std::sync::Arc;
use std::time::Duration;

use async_request_reply::triggers::standalone::{self, Pace};
use engine::{Records, Submission, TaskId};
use ports::Queue;
use tokio::task::JoinHandle;

use super::bench::json;
use crate::helpers::clock::ManualClock;
use crate::helpers::eventually::eventually;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::{Process, Storage};
use crate::helpers::queues::{self, TestQueues, length};

const SLOTS: usize = 2;

const PACE: Pace = Pace {
    longest_wait: Duration::from_millis(200),
    rest: 0,
};

/// What they share.
struct Shared {
    storage: Storage,
    queue: Arc<dyn Queue>,
    records: Records,
}

impl Shared {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        let memory = Memory::new(clock.clone());
        Self {
            storage: Storage {
                clock: clock.clone(),
                store: memory.clone(),
                tallies: memory.tallies(),
                queues: memory.clone(),
                queue: queues::tasks(),
            },
            queue: memory.queue(),
            records: Records::new(memory, clock),
        }
    }

    fn process(&self) -> Looping {
        let kinds = TestKinds::default();
        Looping {
            process: self.storage.process(&kinds, SLOTS, true),
            kinds,
        }
    }

    async fn attempts(&self, id: TaskId) -> u32 {
        let found = self.records.read(id).await.unwrap();
        found.unwrap().record.attempts
    }
}

/// One of them, and its loop.
struct Looping {
    process: Process,
    kinds: TestKinds,
}

impl Looping {
    fn start(&self) -> JoinHandle<()> {
        tokio::spawn(standalone::work(self.process.engine.clone(), PACE))
    }

    async fn submit(&self, kind: &str) -> TaskId {
        let submission = Submission::new(self.process.tasks.new_id(), kind, json("1"));
        self.process.tasks.submit(submission).await.unwrap().id
    }

    async fn works_on(&self, runs: usize) {
        eventually("its slots are taken", async || {
            (self.kinds.runs() == runs).then_some(())
        })
        .await;
    }
}

/// Lets all work come to its end, and sees that each task had one attempt.
async fn finish(shared: &Shared, processes: [&Looping; 2], ids: &[TaskId]) {
    for looping in processes {
        looping.kinds.open_gate();
    }
    eventually("the queue is empty", async || {
        (length(&*shared.queue).await == 0).then_some(())
    })
    .await;
    for id in ids {
        assert_eq!(shared.attempts(*id).await, 1);
    }
    let ended: u64 = processes
        .map(|looping| looping.process.ended())
        .iter()
        .sum();
    assert!(ended >= ids.len() as u64);
    for looping in processes {
        looping.process.engine.stop.stopping.cancel();
    }
}

#[tokio::test]
async fn work_that_lasts_is_done_by_all_who_can() {
    let shared = Shared::new();
    let (one, other) = (shared.process(), shared.process());
    let mut ids = Vec::new();
    for _ in 0..2 * SLOTS {
        ids.push(one.submit("waits").await);
    }
    let loops = [one.start()];
    one.works_on(SLOTS).await;

    let loops = loops.into_iter().chain([other.start()]);
    other.works_on(SLOTS).await;

    assert_eq!(one.kinds.runs(), SLOTS);
    finish(&shared, [&one, &other], &ids).await;
    for ended in loops {
        ended.await.unwrap();
    }
}

#[tokio::test]
async fn what_was_taken_for_quick_work_and_lasts_is_given_back_and_not_counted() {
    let shared = Shared::new();
    let (one, other) = (shared.process(), shared.process());
    let quick = 100;
    for _ in 0..quick {
        one.submit("echo").await;
    }
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(one.submit("waits").await);
    }
    let first = one.start();
    one.works_on(quick + SLOTS).await;

    let second = other.start();
    other.works_on(SLOTS).await;

    assert_eq!(length(&*shared.queue).await, 20);
    finish(&shared, [&one, &other], &ids).await;
    first.await.unwrap();
    second.await.unwrap();
}
