//! Attempts that fail, and the waits between them.

use std::time::Duration;

use engine::limits::{MAX_ATTEMPTS, VISIBILITY_TIMEOUT};
use engine::{Outcome, TaskStatus};

use super::bench::{Bench, is_spent};

/// The wait before the next attempt, if one follows.
fn wait_of(outcome: &Outcome) -> Duration {
    match outcome {
        Outcome::Again { after, .. } => *after,
        other => panic!("no other attempt follows: {other:?}"),
    }
}

#[tokio::test]
async fn a_task_that_fails_at_first_succeeds_later() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":2}"#).await;
    for attempt in 1..=2 {
        let wait = wait_of(&bench.deliver().await);
        let record = bench.record(id).await.unwrap();
        assert_eq!(
            (record.status(), record.attempts),
            (TaskStatus::Queued, attempt)
        );
        assert_eq!(bench.messages().await, (1, 0));
        assert!(bench.nothing_is_visible().await);
        bench.clock.advance(wait);
    }
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, r#"{"attempt":3}"#);
    assert_eq!(bench.record(id).await.unwrap().attempts, 3);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn the_waits_grow_and_are_those_of_the_queue() {
    let bench = Bench::new();
    bench.submit("flaky", r#"{"failures":99}"#).await;
    for seconds in [2, 8, 32, 128] {
        let expected = Duration::from_secs(seconds);
        let wait = wait_of(&bench.deliver().await);
        assert!(
            wait >= expected * 3 / 4 && wait <= expected * 5 / 4,
            "{wait:?}"
        );
        // The queue counts in whole seconds.
        bench
            .clock
            .advance(wait.saturating_sub(Duration::from_millis(1_100)));
        assert!(bench.nothing_is_visible().await, "{wait:?}");
        bench.clock.advance(Duration::from_millis(1_100));
    }
    assert!(is_spent(&bench.deliver().await));
}

#[tokio::test]
async fn a_task_may_succeed_at_its_last_attempt() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":4}"#).await;
    assert_eq!(bench.deliver_to_the_end().await, Outcome::Done);
    assert_eq!(bench.result(id).await, r#"{"attempt":5}"#);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_task_that_always_fails_fails_with_its_last_error() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":99}"#).await;
    assert!(is_spent(&bench.deliver_to_the_end().await));

    assert_eq!(
        bench.error(id).await,
        ("NotYet".to_owned(), "attempt 5 failed".to_owned())
    );
    let record = bench.record(id).await.unwrap();
    assert_eq!(record.attempts, MAX_ATTEMPTS);
    assert_eq!(record.input.unwrap().get(), r#"{"failures":99}"#);
    assert_eq!(bench.messages().await, (0, 1));
    let poisoned = bench.consumer.receive_dead_letters(1).await.unwrap();
    assert!(poisoned[0].text.contains(&id.to_string()));
}

#[tokio::test]
async fn an_attempt_whose_worker_died_counts() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":99}"#).await;
    bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT);
    for _ in 2..MAX_ATTEMPTS {
        let wait = wait_of(&bench.deliver().await);
        bench.clock.advance(wait);
    }
    assert!(is_spent(&bench.deliver().await));
    assert_eq!(bench.error(id).await.1, "attempt 5 failed");
    assert_eq!(bench.record(id).await.unwrap().attempts, MAX_ATTEMPTS);
}

#[tokio::test]
async fn an_attempt_that_comes_too_early_is_not_counted() {
    let bench = Bench::new();
    let id = bench
        .submit("later", r#"{"times":20,"milliseconds":90000}"#)
        .await;
    for _ in 0..20 {
        let wait = wait_of(&bench.deliver().await);
        assert_eq!(wait, Duration::from_secs(90));
        let record = bench.record(id).await.unwrap();
        assert_eq!((record.status(), record.attempts), (TaskStatus::Queued, 0));
        bench.clock.advance(wait);
    }
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
}

#[tokio::test]
async fn a_permanent_failure_ends_the_task_at_once() {
    let bench = Bench::new();
    let id = bench.submit("hopeless", "0").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.error(id).await.0, "NoHope");
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_like_any_other() {
    let bench = Bench::new();
    for (poisoned, input) in [(1, "0"), (2, r#""quick""#)] {
        let id = bench.submit("panics", input).await;
        assert!(is_spent(&bench.deliver_to_the_end().await));
        let (code, message) = bench.error(id).await;
        assert_eq!(code, "WorkPanicked");
        assert!(!message.contains("test kind"), "{message}");
        assert_eq!(bench.messages().await, (0, poisoned));
    }

    let next = bench.submit("echo", "1").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(next).await, Some(TaskStatus::Succeeded));
}
