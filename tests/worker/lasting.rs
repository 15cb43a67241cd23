//! Attempts that last: seen as running, limited in time, stopped with the process.

use std::time::Duration;

use async_request_reply::tasks::limits::RETRY_DELAY;
use async_request_reply::tasks::{Outcome, TaskState, TaskStatus};

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
            TaskState::Running { percent: Some(40) }
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
    assert_eq!(
        bench.deliver().await,
        Outcome::Retry {
            after: RETRY_DELAY,
            reason: "TimeLimitExceeded".to_owned()
        }
    );
    // Its thread still hangs.
    let next = bench.submit("echo", "1").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(next).await, Some(TaskStatus::Succeeded));
    assert_ne!(bench.status(hanging).await, Some(TaskStatus::Succeeded));
}

#[tokio::test]
async fn a_task_that_is_stopped_is_released_at_once() {
    let bench = Bench::with_slots(1);
    let id = bench.submit("waits", "0").await;
    let stopped = async {
        eventually("the attempt runs", async || {
            (bench.kinds.runs() == 1).then_some(())
        })
        .await;
        bench.stop.cancel();
    };
    let (outcome, ()) = tokio::join!(bench.deliver(), stopped);
    assert!(matches!(
        outcome,
        Outcome::Retry {
            after: Duration::ZERO,
            ..
        }
    ));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    assert_eq!(bench.receive().await.dequeue_count, 2);
}

#[tokio::test]
async fn a_task_that_waits_for_a_slot_is_released_too() {
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
        bench.stop.cancel();
    };
    let (one, other, ()) = tokio::join!(
        bench.consumer.process(one),
        bench.consumer.process(other),
        stopped
    );
    for outcome in [one, other] {
        assert!(matches!(
            outcome,
            Outcome::Retry {
                after: Duration::ZERO,
                ..
            }
        ));
    }
    assert_eq!(bench.kinds.runs(), 1);
    assert_eq!(bench.consumer.receive(32).await.unwrap().len(), 2);
}
