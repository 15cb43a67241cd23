//! Waiting in a process that does not work: what others end is found by looking, in time and at a
//! price that is known. The clock goes as fast as nothing is left to do.

use std::sync::Arc;
use std::time::Duration;

use engine::limits::{FIRST_LOOK, LAST_LOOK, LONGEST_LOOK_INTERVAL, MAX_WAIT};
use engine::{Submission, TaskId, TaskStatus};
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use crate::helpers::calls::{Call, Calls, Moment};
use crate::helpers::clock::RuntimeClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::{Process, Storage};
use crate::helpers::queues;

/// The process that waits, with what it asks of storage; the storage is there for another one.
struct Elsewhere {
    here: Process,
    calls: Calls,
    storage: Storage,
    kinds: TestKinds,
}

impl Elsewhere {
    fn new(has_other_workers: bool) -> Self {
        let (kinds, calls) = (TestKinds::default(), Calls::default());
        let clock = Arc::new(RuntimeClock::new());
        let memory = Memory::new(clock.clone());
        let storage = Storage {
            clock,
            store: memory.clone(),
            tallies: memory.tallies(),
            queues: memory,
            queue: queues::tasks(),
        };
        let seen = Storage {
            store: calls.store(storage.store.clone()),
            ..storage.clone()
        };
        Self {
            here: seen.process(&kinds, 1, has_other_workers),
            calls,
            storage,
            kinds,
        }
    }

    async fn submit(&self) -> TaskId {
        let submission =
            Submission::new(self.here.tasks.new_id(), "echo", RawValue::NULL.to_owned());
        self.here.tasks.submit(submission).await.unwrap().id
    }

    /// Waits for a task; its status, and how long that took.
    async fn wait(&self, id: TaskId, limit: Duration) -> (Option<TaskStatus>, Duration) {
        let begun = Instant::now();
        let waiter = self.here.tasks.watch(id).unwrap();
        let ended = self.here.tasks.wait(waiter, limit).await.unwrap();
        (ended.map(|record| record.status()), begun.elapsed())
    }

    /// Has another process end a task after a while.
    async fn end_after(&self, id: TaskId, pause: Duration) {
        sleep(pause).await;
        let other = self.storage.process(&self.kinds, 1, true);
        other.tasks.cancel(id).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_there_in_time_is_not_missed() {
    for (ends, limit) in [
        (100, 1_000),
        (400, 450),
        (4_000, 6_000),
        (5_999, 6_000),
        (14_000, 30_000),
        (89_000, 90_000),
    ] {
        let elsewhere = Elsewhere::new(true);
        let id = elsewhere.submit().await;
        let [ends, limit] = [ends, limit].map(Duration::from_millis);
        let (waited, ()) = tokio::join!(elsewhere.wait(id, limit), elsewhere.end_after(id, ends));
        assert_eq!(waited.0, Some(TaskStatus::Canceled), "{ends:?}");
        let latest = limit.min(ends + LONGEST_LOOK_INTERVAL);
        assert!(waited.1 <= latest, "{ends:?}: {:?}", waited.1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_vain_looks_every_two_seconds_and_at_the_end() {
    for (seconds, looks) in [(0, 0), (1, 2), (10, 7), (30, 17), (90, 47)] {
        let elsewhere = Elsewhere::new(true);
        let id = elsewhere.submit().await;
        let limit = Duration::from_secs(seconds);
        assert_eq!(elsewhere.wait(id, limit).await, (None, limit));
        assert_eq!(elsewhere.calls.count(Call::Read), looks, "{seconds} s");
    }
    assert_eq!(MAX_WAIT, Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_else_works_nothing_is_asked() {
    let alone = Elsewhere::new(false);
    let id = alone.submit().await;
    assert_eq!(alone.wait(id, MAX_WAIT).await, (None, MAX_WAIT));
    assert_eq!(alone.calls.count(Call::Read), 0);
}

#[tokio::test(start_paused = true)]
async fn storage_that_hangs_does_not_hold_a_client_beyond_its_wait() {
    let elsewhere = Elsewhere::new(true);
    let id = elsewhere.submit().await;
    // The look in the middle, and the one at the end.
    let _hangs = elsewhere.calls.hold(Call::Read, Moment::Before);
    let _hangs_too = elsewhere.calls.hold(Call::Read, Moment::Before);
    let limit = FIRST_LOOK * 3;
    assert_eq!(elsewhere.wait(id, limit).await, (None, limit + LAST_LOOK));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_let_go_when_the_process_stops_and_nobody_waits_any_more() {
    for has_other_workers in [true, false] {
        let elsewhere = Elsewhere::new(has_other_workers);
        let id = elsewhere.submit().await;
        let soon = Duration::from_secs(3);
        let stop = async {
            sleep(soon).await;
            elsewhere.here.engine.stop.stopping.cancel();
        };
        let (waited, ()) = tokio::join!(elsewhere.wait(id, MAX_WAIT), stop);
        assert_eq!(waited, (None, soon));
        assert_eq!(elsewhere.wait(id, MAX_WAIT).await, (None, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_there_when_the_process_stops_is_not_missed() {
    let elsewhere = Elsewhere::new(true);
    let id = elsewhere.submit().await;
    let soon = Duration::from_secs(3);
    let stop = async {
        elsewhere.end_after(id, soon).await;
        elsewhere.here.engine.stop.stopping.cancel();
    };
    let (waited, ()) = tokio::join!(elsewhere.wait(id, MAX_WAIT), stop);
    assert_eq!(waited, (Some(TaskStatus::Canceled), soon));
}
