//! Attempts that fail.

use async_request_reply::tasks::limits::{MAX_DEQUEUE_COUNT, RETRY_DELAY};
use async_request_reply::tasks::{Outcome, TaskStatus};

use super::bench::{Bench, is_poison};

#[tokio::test]
async fn a_task_that_fails_at_first_succeeds_later() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":2}"#).await;
    for _ in 0..2 {
        assert_eq!(
            bench.deliver().await,
            Outcome::Retry {
                after: RETRY_DELAY,
                reason: "NotYet".to_owned()
            }
        );
        assert!(bench.nothing_is_visible().await);
        bench.clock.advance(RETRY_DELAY);
    }
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, r#"{"attempt":3}"#);
    assert_eq!(bench.record(id).await.unwrap().attempts, 3);
    assert_eq!(bench.messages().await, (0, 0));
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
    let text = bench.receive().await.text;
    bench.clock.advance(std::time::Duration::from_secs(60));
    for attempt in 2..MAX_DEQUEUE_COUNT {
        assert!(matches!(bench.deliver().await, Outcome::Retry { .. }));
        assert_eq!(
            bench.status(id).await,
            Some(TaskStatus::Queued),
            "{attempt}"
        );
        bench.clock.advance(RETRY_DELAY);
    }
    assert!(is_poison(&bench.deliver().await));

    assert_eq!(
        bench.error(id).await,
        ("NotYet".to_owned(), "attempt 5 failed".to_owned())
    );
    let record = bench.record(id).await.unwrap();
    assert_eq!(record.attempts, MAX_DEQUEUE_COUNT);
    assert_eq!(record.input.unwrap().get(), r#"{"failures":99}"#);
    assert_eq!(bench.messages().await, (0, 1));
    let poisoned = bench.consumer.receive_poisoned(1).await.unwrap();
    assert_eq!(poisoned[0].text, text);
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
    let id = bench.submit("panics", "0").await;
    assert!(is_poison(&bench.deliver_to_the_end().await));
    let (code, message) = bench.error(id).await;
    assert_eq!(code, "WorkPanicked");
    assert!(!message.contains("test kind"), "{message}");
    assert_eq!(bench.messages().await, (0, 1));

    let next = bench.submit("echo", "1").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(next).await, Some(TaskStatus::Succeeded));
}
