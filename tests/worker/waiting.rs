//! Waiting for a task: woken by whoever ends it here, and looking where others may.

use std::time::{Duration, Instant};

use engine::limits::MAX_WAITERS;
use engine::{Operated, TaskStatus};

use super::bench::Bench;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn everybody_who_waits_is_told_at_once_without_a_read() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let waits: Vec<_> = (0..100)
        .map(|_| bench.tasks.wait(bench.tasks.watch(id).unwrap(), LONG))
        .collect();
    let begun = Instant::now();
    let (ended, _) = tokio::join!(futures_util::future::join_all(waits), bench.deliver());
    for record in ended {
        let record = record.unwrap().expect("the task has ended");
        assert_eq!(record.status(), TaskStatus::Succeeded);
    }
    assert!(begun.elapsed() < LONG / 2);
}

#[tokio::test]
async fn what_ends_between_watching_and_waiting_is_not_missed() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let waiter = bench.tasks.watch(id).unwrap();
    bench.deliver().await;
    let ended = bench.tasks.wait(waiter, Duration::ZERO).await.unwrap();
    assert_eq!(ended.unwrap().status(), TaskStatus::Succeeded);
}

#[tokio::test]
async fn a_cancel_ends_the_wait() {
    let bench = Bench::new();
    let id = bench.submit("waits", "0").await;
    let waiter = bench.tasks.watch(id).unwrap();
    let canceled = bench.tasks.cancel(id).await.unwrap();
    assert!(matches!(canceled, Operated::Done(_)));
    let ended = bench.tasks.wait(waiter, LONG).await.unwrap();
    assert_eq!(ended.unwrap().status(), TaskStatus::Canceled);
}

#[tokio::test]
async fn what_another_process_ends_is_found_by_looking() {
    let bench = Bench::new();
    let other = bench.other_process().tasks;
    let id = bench.submit("echo", "1").await;
    let begun = Instant::now();
    let wait = other.wait(other.watch(id).unwrap(), LONG);
    let (ended, _) = tokio::join!(wait, bench.deliver());
    assert_eq!(ended.unwrap().unwrap().status(), TaskStatus::Succeeded);
    assert!(begun.elapsed() < LONG / 2);
}

#[tokio::test]
async fn a_task_that_is_gone_ends_the_wait_where_others_may_delete_it() {
    let bench = Bench::new();
    let other = bench.other_process().tasks;
    let waiter = other.watch(bench.tasks.new_id()).unwrap();
    assert!(other.wait(waiter, LONG).await.unwrap().is_none());
}

#[tokio::test]
async fn places_are_bounded_and_freed_when_a_waiter_goes() {
    let bench = Bench::new();
    let id = bench.submit("waits", "0").await;
    let mut waiters: Vec<_> = (0..MAX_WAITERS)
        .map(|_| bench.tasks.watch(id).unwrap())
        .collect();
    assert!(bench.tasks.watch(id).is_err());
    assert!(bench.tasks.watch(bench.tasks.new_id()).is_err());
    drop(waiters.pop());
    let last = bench.tasks.watch(id).unwrap();
    // Canceled from outside, as when a client hangs up.
    let wait = bench.tasks.wait(last, LONG);
    assert!(tokio::time::timeout(Duration::ZERO, wait).await.is_err());
    bench.tasks.watch(id).unwrap();
}
