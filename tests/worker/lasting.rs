//! Attempts that last: seen as running, limited in time, stopped with the process.

use engine::{Outcome, TaskState, TaskStatus};

use super::bench::Bench;
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn work_that_lasts_is_shown_as_running_with_its_progress() {
    let bench = Bench::new();
    let id = bench.submit("waits", "0").await;
    let seen = async {
        let record = eventually("the task is shown as running", async || {
            bench
                .record(id)
                .await
                .filter(|record| record.status() == TaskStatus::Running)
        })
        .await;
        assert!(matches!(
            record.state,
            TaskState::Running {
                percent: Some(40),
                ..
            }
        ));
        assert_eq!(record.attempts, 1);
        bench.kinds.open_gate();
    };
    let (outcome, ()) = tokio::join!(bench.deliver(), seen);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
}

#[tokio::test]
async fn an_attempt_past_its_time_limit_fails_and_frees_its_slot() {
    let bench = Bench::with_slots(1);
    let hanging = bench.submit("deaf", "0").await;
    let outcome = bench.deliver().await;
    assert!(
        matches!(&outcome, Outcome::Again { reason, .. } if reason == "TimeLimitExceeded"),
        "{outcome:?}"
    );
    // Its thread still hangs.
    let next = bench.submit("echo", "1").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(next).await, Some(TaskStatus::Succeeded));
    assert_ne!(bench.status(hanging).await, Some(TaskStatus::Succeeded));
}

#[tokio::test]
async fn a_task_whose_process_stops_is_for_another_one_at_once_and_nothing_is_counted() {
    let bench = Bench::with_slots(1);
    let id = bench.submit("waits", "0").await;
    let stopped = async {
        eventually("the attempt runs", async || {
            (bench.kinds.runs() == 1).then_some(())
        })
        .await;
        bench.process.engine.stop.break_off.cancel();
    };
    tokio::join!(bench.deliver(), stopped);
    let record = bench.record(id).await.unwrap();
    assert_eq!((record.status(), record.attempts), (TaskStatus::Queued, 0));

    bench.kinds.open_gate();
    let other = bench.other_process().consumer;
    let received = bench.receive().await;
    assert_eq!(other.process(received).await, Outcome::Done);
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_task_that_waits_for_a_slot_is_for_another_process_too() {
    let bench = Bench::with_slots(1);
    bench.submit("waits", "1").await;
    bench.submit("waits", "2").await;
    let mut page = bench.consumer.receive(2).await.unwrap();
    let (one, other) = (page.remove(0), page.remove(0));
    let stopped = async {
        eventually("one attempt runs", async || {
            (bench.kinds.runs() == 1).then_some(())
        })
        .await;
        bench.process.engine.stop.break_off.cancel();
    };
    tokio::join!(
        bench.consumer.process(one),
        bench.consumer.process(other),
        stopped
    );
    assert_eq!(bench.kinds.runs(), 1);
    assert_eq!(bench.consumer.receive(32).await.unwrap().len(), 2);
}
