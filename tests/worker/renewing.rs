//! Attempts of hours, in virtual time: the message stays with its worker, or somebody else has it
//! and the first terminal write decides.
//!
//! The runtime's clock is paused, and the storage's goes with it. While an attempt runs, on a thread,
//! nothing moves the clock but the test.

use std::sync::Arc;
use std::time::Duration;

use engine::limits::{RENEWAL_RETRY, VISIBILITY_TIMEOUT};
use engine::{Outcome, Submission, TaskId, TaskState};
use tokio::task::JoinHandle;
use tokio::time::advance;

use super::bench::json;
use crate::helpers::calls::{Call, Calls, Moment};
use crate::helpers::clock::RuntimeClock;
use crate::helpers::eventually::eventually;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::{Process, Storage};
use crate::helpers::queues;

const SECOND: Duration = Duration::from_secs(1);

/// Two processes over one storage, and time.
struct Hours {
    one: Process,
    other: Process,
    calls: Calls,
    kinds: TestKinds,
}

impl Hours {
    fn new() -> Self {
        let clock = Arc::new(RuntimeClock::new());
        let calls = Calls::default();
        let memory = Memory::new(clock.clone());
        let storage = Storage {
            clock,
            store: calls.store(memory.clone()),
            tallies: calls.tallies(memory.tallies()),
            queues: calls.queues(memory),
            queue: queues::tasks(),
        };
        let kinds = TestKinds::default();
        Self {
            one: storage.process(&kinds, 1, true),
            other: storage.process(&kinds, 1, true),
            calls,
            kinds,
        }
    }

    async fn submit(&self, kind: &str, input: &str) -> TaskId {
        let submission = Submission::new(self.one.tasks.new_id(), kind, json(input));
        self.one.tasks.submit(submission).await.unwrap().id
    }

    /// A process takes the one message that is visible, and works on it.
    async fn start(process: &Process) -> JoinHandle<Outcome> {
        let mut page = process.consumer.receive(1).await.unwrap();
        let received = page.pop().expect("a message is visible");
        let consumer = process.consumer.clone();
        tokio::spawn(async move { consumer.process(received).await })
    }

    /// Lets time pass, second by second, and everybody do what is due.
    async fn pass(&self, duration: Duration) {
        for _ in 0..duration.as_secs() {
            advance(SECOND).await;
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// How often nothing was there for the other process, looking every second for so long.
    async fn other_finds_nothing_for(&self, duration: Duration) {
        for second in 0..duration.as_secs() {
            self.pass(SECOND).await;
            let found = self.other.consumer.receive(1).await.unwrap();
            assert!(found.is_empty(), "visible after {second} seconds");
        }
    }

    async fn state(&self, id: TaskId) -> TaskState {
        let found = self.one.tasks.find(id).await.unwrap();
        found.expect("the task has a record").record.state
    }

    async fn result(&self, id: TaskId) -> String {
        match self.state(id).await {
            TaskState::Succeeded { result } => result.get().to_owned(),
            other => panic!("the task has not succeeded: {other:?}"),
        }
    }

    async fn messages(&self) -> u64 {
        // What was looked up before is not told any more.
        self.pass(2 * SECOND).await;
        let metrics = self.one.tasks.metrics().await.unwrap();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("queue_messages "));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_of_three_hours_keeps_its_message() {
    let hours = Hours::new();
    let id = hours.submit("waits", "0").await;
    let attempt = Hours::start(&hours.one).await;
    hours
        .other_finds_nothing_for(Duration::from_secs(3 * 60 * 60))
        .await;
    assert!(matches!(hours.state(id).await, TaskState::Running { .. }));
    // Every half of the visibility timeout.
    assert!((359..=360).contains(&hours.calls.count(Call::Update)));

    hours.kinds.open_gate();
    assert_eq!(attempt.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(id).await, r#"{"waited":true}"#);
    assert_eq!(hours.messages().await, 0);
    assert_eq!((hours.one.ended(), hours.kinds.runs()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_tried_again_in_time() {
    let hours = Hours::new();
    let id = hours.submit("waits", "0").await;
    let attempt = Hours::start(&hours.one).await;
    hours
        .other_finds_nothing_for(VISIBILITY_TIMEOUT / 2 - SECOND)
        .await;
    hours.calls.set_away(true);
    hours.pass(VISIBILITY_TIMEOUT / 2 - RENEWAL_RETRY).await;
    hours.calls.set_away(false);
    hours.other_finds_nothing_for(10 * VISIBILITY_TIMEOUT).await;

    hours.kinds.open_gate();
    assert_eq!(attempt.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(id).await, r#"{"waited":true}"#);
    assert_eq!(hours.messages().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_storage_was_away_too_long_has_its_message_back_if_nobody_took_it() {
    let hours = Hours::new();
    let id = hours.submit("waits", "0").await;
    let attempt = Hours::start(&hours.one).await;
    hours.other_finds_nothing_for(SECOND).await;
    hours.calls.set_away(true);
    hours.pass(10 * VISIBILITY_TIMEOUT).await;
    hours.calls.set_away(false);
    hours.pass(RENEWAL_RETRY + SECOND).await;
    hours.other_finds_nothing_for(2 * VISIBILITY_TIMEOUT).await;

    hours.kinds.open_gate();
    assert_eq!(attempt.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(id).await, r#"{"waited":true}"#);
    assert_eq!(hours.messages().await, 0);
}

#[tokio::test(start_paused = true)]
async fn of_two_workers_the_one_that_lost_the_message_may_finish_first() {
    let hours = Hours::new();
    let id = hours.submit("flaky", r#"{"failures":0}"#).await;
    // The first has worked, and is slow to write.
    let first_write = hours.calls.hold(Call::Replace, Moment::Before);
    let first = Hours::start(&hours.one).await;
    first_write.arrived().await;
    hours.calls.set_away(true);
    hours.pass(VISIBILITY_TIMEOUT).await;
    hours.calls.set_away(false);
    let second_write = hours.calls.hold(Call::Replace, Moment::Before);
    let second = Hours::start(&hours.other).await;
    second_write.arrived().await;

    first_write.go_on();
    assert_eq!(first.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(id).await, r#"{"attempt":1}"#);
    // Its pop receipt is stale: the message is the other's, and stays with it.
    assert_eq!(hours.messages().await, 1);
    second_write.go_on();
    assert_eq!(second.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(id).await, r#"{"attempt":1}"#);
    assert_eq!(hours.messages().await, 0);
    assert_eq!((hours.one.ended(), hours.other.ended()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_lost_its_message_cannot_overwrite_what_the_other_wrote() {
    let hours = Hours::new();
    let id = hours.submit("flaky", r#"{"failures":0}"#).await;
    let write = hours.calls.hold(Call::Replace, Moment::Before);
    let first = Hours::start(&hours.one).await;
    write.arrived().await;
    hours.calls.set_away(true);
    hours.pass(VISIBILITY_TIMEOUT).await;
    hours.calls.set_away(false);
    let second = Hours::start(&hours.other).await;
    assert_eq!(second.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(id).await, r#"{"attempt":2}"#);

    write.go_on();
    assert_eq!(first.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(id).await, r#"{"attempt":2}"#);
    assert_eq!(hours.messages().await, 0);
    assert_eq!((hours.one.ended(), hours.other.ended()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn work_that_ignores_its_stop_request_gives_its_slot_back_and_its_result_counts_for_nothing()
{
    let hours = Hours::new();
    let deaf = hours.submit("deaf", "0").await;
    let attempt = Hours::start(&hours.one).await;
    let next = hours.submit("echo", "1").await;
    let waiting = Hours::start(&hours.one).await;
    hours.pass(2 * SECOND).await;
    let outcome = attempt.await.unwrap();
    assert!(
        matches!(&outcome, Outcome::Again { reason, .. } if reason == "TimeLimitExceeded"),
        "{outcome:?}"
    );
    // The process has one slot, and the thread still hangs in it.
    assert_eq!(waiting.await.unwrap(), Outcome::Done);
    assert_eq!(hours.result(next).await, "1");

    hours.kinds.open_gate();
    eventually("the thread is free", async || {
        (hours.kinds.deaf_ends() == 1).then_some(())
    })
    .await;
    hours.pass(SECOND).await;
    assert!(matches!(hours.state(deaf).await, TaskState::Queued { .. }));
    assert_eq!(hours.one.ended(), 1);
}
