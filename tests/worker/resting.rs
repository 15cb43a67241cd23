//! Work that waits without a thread: as much as may, side by side; stopped, dropped, and its defects.

use std::time::Duration;

use engine::{Outcome, TaskStatus};

use super::bench::Bench;
use super::looping::Looping;
use crate::helpers::eventually::eventually;

async fn begun(bench: &Bench) {
    eventually("the attempt runs", async || {
        (bench.kinds.runs() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_thousand_attempts_wait_side_by_side_on_two_processors() {
    let looping = Looping::new(2);
    let tasks = 1_000;
    for _ in 0..tasks {
        looping.submit("rests").await;
    }
    let ended = looping.start();
    // Nobody ends before all have begun: the gate is shut.
    eventually("all have begun", async || {
        (looping.kinds.runs() == tasks).then_some(())
    })
    .await;
    assert_eq!(looping.process.ended(), 0);
    looping.kinds.open_gate();
    looping.until_empty().await;
    assert_eq!(looping.process.ended(), tasks as u64);
    looping.stop();
    ended.await.unwrap();
}

#[tokio::test]
async fn work_that_waits_lets_others_be_received() {
    let looping = Looping::new(1);
    for _ in 0..5 {
        looping.submit("rests").await;
    }
    let other = looping.submit("echo").await;
    let ended = looping.start();
    eventually("the other one has ended", async || {
        (looping.status(other).await == TaskStatus::Succeeded).then_some(())
    })
    .await;
    assert_eq!(looping.kinds.runs(), 6);
    looping.kinds.open_gate();
    looping.until_empty().await;
    looping.stop();
    ended.await.unwrap();
}

#[tokio::test]
async fn what_has_no_slot_to_wait_is_put_off_and_not_counted() {
    let looping = Looping::waiting(2, 3);
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(looping.submit("rests").await);
    }
    let ended = looping.start();
    eventually("the slots are taken", async || {
        (looping.kinds.runs() == 3).then_some(())
    })
    .await;
    looping.kinds.open_gate();
    looping.until_empty().await;
    for id in ids {
        assert_eq!(looping.attempts(id).await, 1);
    }
    looping.stop();
    ended.await.unwrap();
}

#[tokio::test]
async fn waiting_work_past_its_time_limit_is_dropped_after_a_grace() {
    let bench = Bench::with_slots(1);
    bench.submit("stubborn", "0").await;
    let outcome = bench.deliver().await;
    assert!(
        matches!(&outcome, Outcome::Again { reason, .. } if reason == "TimeLimitExceeded"),
        "{outcome:?}"
    );
    assert_eq!(bench.kinds.dropped(), 1);
}

#[tokio::test]
async fn waiting_work_that_is_canceled_is_told_at_once() {
    let bench = Bench::with_slots(1);
    let id = bench.submit("rests", "0").await;
    let canceled = async {
        begun(&bench).await;
        bench.tasks.cancel(id).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(bench.deliver(), canceled);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
}

#[tokio::test]
async fn waiting_work_whose_process_stops_is_for_another_one_at_once() {
    let bench = Bench::with_slots(1);
    let id = bench.submit("rests", "0").await;
    let stopped = async {
        begun(&bench).await;
        bench.process.engine.stop.break_off.cancel();
    };
    let (outcome, ()) = tokio::join!(bench.deliver(), stopped);
    assert!(
        matches!(
            outcome,
            Outcome::Again {
                after: Duration::ZERO,
                ..
            }
        ),
        "{outcome:?}"
    );
    let record = bench.record(id).await.unwrap();
    assert_eq!((record.status(), record.attempts), (TaskStatus::Queued, 0));
}

#[tokio::test]
async fn a_defect_of_waiting_work_breaks_off_its_attempt_alone() {
    let bench = Bench::with_slots(1);
    let id = bench.submit("tumbles", "0").await;
    let outcome = bench.deliver().await;
    assert!(
        matches!(&outcome, Outcome::Again { reason, .. } if reason == "WorkPanicked"),
        "{outcome:?}"
    );
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    let next = bench.submit("echo", "1").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(next).await, Some(TaskStatus::Succeeded));
}
