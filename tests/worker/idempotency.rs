//! A key's life: claimed, accepted, expired.

use std::sync::Arc;
use std::time::Duration;

use engine::limits::{ACCEPTING_TIMEOUT, CLOCK_SKEW, IDEMPOTENCY_RETENTION};
use engine::{KeyedSubmitError, Outcome, Submission, TaskStatus};
use ports::Clock;

use super::bench::Bench;
use super::submitting::Unreachable;
use crate::helpers::calls::{Call, Moment};

const MOMENT: Duration = Duration::from_millis(1);

fn echo(bench: &Bench) -> Submission {
    bench.submission("echo", "1")
}

#[tokio::test]
async fn a_key_stands_for_its_task_for_a_day() {
    let bench = Bench::new();
    let first = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    bench.clock.advance(IDEMPOTENCY_RETENTION);
    let again = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    assert_eq!(again, first);
    bench.clock.advance(MOMENT);
    let other = bench.tasks.submit_once("k", bench.submission("echo", "2"));
    let other = other.await.unwrap();
    assert_ne!(other, first);
    let again = bench.tasks.submit_once("k", bench.submission("echo", "2"));
    assert_eq!(again.await.unwrap(), other);
    assert_eq!(bench.messages().await, (2, 0));
}

#[tokio::test]
async fn a_time_is_remembered_as_long_as_a_key_whatever_clock_it_is_from() {
    let bench = Bench::new();
    let now = bench.clock.now();
    for skew in [CLOCK_SKEW, Duration::ZERO] {
        assert!(bench.tasks.is_remembered(now + skew) && bench.tasks.is_remembered(now - skew));
    }
    assert!(!bench.tasks.is_remembered(now + CLOCK_SKEW + MOMENT));
    // By a clock that is ahead, the last time at which the first try is told from a new one.
    let first_sent = now + CLOCK_SKEW;
    let id = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    bench.clock.advance(IDEMPOTENCY_RETENTION);
    assert!(bench.tasks.is_remembered(first_sent));
    let again = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    assert_eq!(again, id);
    bench.clock.advance(MOMENT);
    assert!(!bench.tasks.is_remembered(first_sent));
}

#[tokio::test]
async fn a_key_of_an_older_version_stands_for_its_task() {
    let bench = Bench::new();
    bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    let keys = bench.store.list("key-", None, 10).await.unwrap().items;
    // SHA-256 of the text between the quotes.
    let name = "key-8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a";
    assert_eq!(keys[0].name, name);
}

#[tokio::test]
async fn a_key_whose_task_was_consumed_still_stands_for_it() {
    let bench = Bench::new();
    let id = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    bench.deliver().await;
    bench.tasks.consume(id);
    bench.delete_consumed(id).await;
    assert_eq!(
        bench.tasks.submit_once("k", echo(&bench)).await.unwrap(),
        id
    );
    assert_eq!(bench.messages().await, (0, 0));
}

/// Claims a key, accepts the task, and dies before it is noted. Gives the task.
async fn claim_and_die(bench: &Bench) -> Submission {
    let submission = echo(bench);
    bench
        .tasks
        .submit_once("k", submission.clone())
        .await
        .unwrap();
    let keys = bench.store.list("key-", None, 10).await.unwrap().items;
    assert_eq!(keys.len(), 1);
    let stored = bench.store.read(&keys[0].name).await.unwrap().unwrap();
    let text = std::str::from_utf8(&stored.body).unwrap();
    let claimed = text.replace("\"accepted\":true", "\"accepted\":false");
    assert_ne!(claimed, text);
    let document = ports::Document {
        head: keys[0].head.clone().unwrap(),
        body: claimed.into(),
    };
    let replaced = bench
        .store
        .replace(&keys[0].name, &document, &stored.etag)
        .await;
    replaced.unwrap().unwrap();
    submission
}

#[tokio::test]
async fn what_was_claimed_and_not_accepted_is_carried_on_after_a_while() {
    let bench = Bench::new();
    let claimed = claim_and_die(&bench).await;
    bench.clock.advance(ACCEPTING_TIMEOUT - MOMENT);
    let refused = bench.tasks.submit_once("k", echo(&bench)).await;
    assert!(matches!(refused, Err(KeyedSubmitError::InProgress)));
    bench.clock.advance(MOMENT);
    let id = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    assert_eq!(id, claimed.id);

    for received in bench.consumer.receive(32).await.unwrap() {
        assert_eq!(bench.consumer.process(received).await, Outcome::Done);
    }
    assert_eq!(bench.ended(), 1);
    assert_eq!(bench.result(id).await, "1");
}

#[tokio::test]
async fn what_is_carried_on_and_has_ended_stays_as_it_is() {
    let bench = Bench::new();
    let claimed = claim_and_die(&bench).await;
    bench.tasks.cancel(claimed.id).await.unwrap();
    bench.clock.advance(ACCEPTING_TIMEOUT);
    bench.tasks.submit_once("k", echo(&bench)).await.unwrap();

    let other = bench.other_process().consumer;
    for received in bench.consumer.receive(32).await.unwrap() {
        other.process(received).await;
    }
    assert_eq!(bench.status(claimed.id).await, Some(TaskStatus::Canceled));
}

#[tokio::test]
async fn a_submission_that_fails_gives_its_key_back() {
    let bench = Bench::new();
    let cut_off = bench.tasks_over(bench.store.clone(), Arc::new(Unreachable));
    let failed = cut_off.submit_once("k", echo(&bench)).await;
    assert!(matches!(failed, Err(KeyedSubmitError::Submit(_))));
    // Another submission, even.
    let other = bench.submission("echo", "2");
    bench.tasks.submit_once("k", other).await.unwrap();
    assert_eq!(bench.messages().await, (1, 0));
}

#[tokio::test]
async fn what_cannot_be_carried_on_keeps_its_key_and_its_task() {
    let bench = Bench::new();
    // Acknowledged, as far as anybody can tell: only the note with the key is missing.
    let claimed = claim_and_die(&bench).await;
    bench.clock.advance(ACCEPTING_TIMEOUT);
    bench.calls.fail(Call::Send, Moment::Before);
    let failed = bench.tasks.submit_once("k", echo(&bench)).await;
    assert!(matches!(failed, Err(KeyedSubmitError::Submit(_))));
    // What undoes a submission has its turn here.
    tokio::task::yield_now().await;
    assert_eq!(bench.calls.count(Call::DeleteRecord), 0);

    // At once: nobody carries it on now.
    let id = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    assert_eq!(id, claimed.id);
    for received in bench.consumer.receive(32).await.unwrap() {
        assert_eq!(bench.consumer.process(received).await, Outcome::Done);
    }
    assert_eq!(bench.ended(), 1);
    assert_eq!(bench.result(id).await, "1");
}

#[tokio::test]
async fn keys_are_swept_when_they_have_expired_and_not_before() {
    let bench = Bench::new();
    let id = bench.tasks.submit_once("k", echo(&bench)).await.unwrap();
    bench.clock.advance(IDEMPOTENCY_RETENTION);
    assert_eq!(
        bench.maintenance.sweep_beside_loop().await.unwrap().pruned,
        0
    );
    bench.clock.advance(MOMENT);
    assert_eq!(
        bench.maintenance.sweep_beside_loop().await.unwrap().pruned,
        1
    );
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
}
