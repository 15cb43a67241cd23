//! The limit of the queue's length: what was accepted since somebody last looked counts.

use std::time::Duration;

use engine::limits::{ATTEMPT_TIME_LIMIT, QUEUE_LENGTH_MAX_AGE};
use engine::{KeyedSubmitError, SubmitError, TaskRecord, Tasks};
use futures_util::future::join_all;

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};
use crate::helpers::queues::delete;

async fn submit(bench: &Bench) -> Result<TaskRecord, SubmitError> {
    bench.tasks.submit(bench.submission("echo", "1")).await
}

/// How many of so many submissions at the same time are accepted; the others find the queue full.
async fn accepted(bench: &Bench, submissions: usize) -> usize {
    let tries = join_all((0..submissions).map(|_| submit(bench))).await;
    let refused = tries.iter().filter_map(|tried| tried.as_ref().err());
    let full = refused.filter(|error| matches!(error, SubmitError::QueueFull));
    submissions - full.count()
}

/// The same on another thread, as the server has several.
fn spawn_submission(bench: &Bench) -> tokio::task::JoinHandle<Result<TaskRecord, SubmitError>> {
    let (tasks, submission): (Tasks, _) = (bench.tasks.clone(), bench.submission("echo", "1"));
    tokio::spawn(async move { tasks.submit(submission).await })
}

#[tokio::test]
async fn a_burst_gets_as_many_places_as_there_are() {
    let bench = Bench::with_limit(5);
    assert_eq!(accepted(&bench, 300).await, 5);
    assert_eq!(accepted(&bench, 300).await, 0);
    assert_eq!(bench.messages().await, (5, 0));
    assert_eq!(bench.calls.count(Call::Look), 1);
}

#[tokio::test]
async fn the_length_is_looked_up_once_for_all_that_come_meanwhile() {
    let bench = Bench::with_limit(5);
    for submission in 0..7 {
        bench.queue.send("{}", Duration::ZERO).await.unwrap();
        bench.clock.advance(QUEUE_LENGTH_MAX_AGE);
        assert_eq!(accepted(&bench, 1).await, usize::from(submission < 2));
    }
    assert_eq!(bench.calls.count(Call::Look), 7);
    for received in bench.queue.receive(32, Duration::ZERO).await.unwrap() {
        assert!(delete(&*bench.queue, &received).await);
    }
    assert_eq!(accepted(&bench, 50).await, 0);
    bench.clock.advance(QUEUE_LENGTH_MAX_AGE);
    assert_eq!(accepted(&bench, 50).await, 5);
    assert_eq!(bench.calls.count(Call::Look), 8);
}

#[tokio::test]
async fn what_ends_here_makes_room_at_once() {
    let bench = Bench::with_limit(2);
    assert_eq!(accepted(&bench, 5).await, 2);
    for received in bench.consumer.receive(2).await.unwrap() {
        bench.consumer.process(received).await;
    }
    assert_eq!(accepted(&bench, 5).await, 2);
    assert_eq!(bench.calls.count(Call::Look), 1);
}

#[tokio::test]
async fn what_is_handed_over_makes_room_until_its_deadline() {
    let bench = Bench::with_limit(1);
    bench.submit("hands_over", "1").await;
    assert_eq!(accepted(&bench, 5).await, 0);
    bench.deliver().await;
    assert_eq!(bench.messages().await, (1, 0));
    assert_eq!(accepted(&bench, 5).await, 1);
    bench.clock.advance(QUEUE_LENGTH_MAX_AGE);
    assert_eq!(accepted(&bench, 5).await, 0);
    for received in bench.consumer.receive(1).await.unwrap() {
        bench.consumer.process(received).await;
    }
    bench.clock.advance(ATTEMPT_TIME_LIMIT);
    assert_eq!(accepted(&bench, 5).await, 0);
}

#[tokio::test]
async fn what_is_tried_again_makes_no_room() {
    let bench = Bench::with_limit(1);
    bench.submit("flaky", r#"{"failures": 1}"#).await;
    bench.deliver().await;
    assert_eq!(bench.messages().await, (1, 0));
    assert_eq!(accepted(&bench, 5).await, 0);
}

#[tokio::test]
async fn a_canceled_task_keeps_its_place_until_its_message_is_gone() {
    let bench = Bench::with_limit(1);
    let id = bench.submit("echo", "1").await;
    bench.tasks.cancel(id).await.unwrap();
    assert_eq!(accepted(&bench, 5).await, 0);
    bench.deliver().await;
    assert_eq!(accepted(&bench, 5).await, 1);
}

#[tokio::test]
async fn what_could_not_be_accepted_gives_its_place_back() {
    let bench = Bench::with_limit(1);
    for call in [Call::Create, Call::Send] {
        bench.calls.fail(call, Moment::Before);
        assert!(matches!(submit(&bench).await, Err(SubmitError::Storage(_))));
    }
    assert_eq!(accepted(&bench, 5).await, 1);
}

#[tokio::test]
async fn what_is_being_sent_while_somebody_looks_counts() {
    let bench = Bench::with_limit(3);
    let slow = bench.calls.hold(Call::Send, Moment::Before);
    let submission = spawn_submission(&bench);
    slow.arrived().await;
    bench.clock.advance(QUEUE_LENGTH_MAX_AGE);
    assert_eq!(accepted(&bench, 5).await, 2);
    slow.go_on();
    submission.await.unwrap().unwrap();
    assert_eq!(accepted(&bench, 5).await, 0);
    assert_eq!(bench.messages().await, (3, 0));
}

#[tokio::test]
async fn a_length_that_cannot_be_looked_up_refuses_all_that_wait_for_it_and_no_others() {
    let bench = Bench::with_limit(5);
    bench.calls.fail(Call::Look, Moment::Before);
    let refused = join_all((0..20).map(|_| submit(&bench))).await;
    assert!(
        refused
            .iter()
            .all(|tried| matches!(tried, Err(SubmitError::Storage(_))))
    );
    assert_eq!(bench.calls.count(Call::Look), 1);
    assert_eq!(accepted(&bench, 20).await, 5);
}

#[tokio::test]
async fn whoever_hangs_up_during_a_look_leaves_it_to_the_others() {
    let bench = Bench::with_limit(5);
    let slow = bench.calls.hold(Call::Look, Moment::Before);
    let impatient = spawn_submission(&bench);
    slow.arrived().await;
    let patient = spawn_submission(&bench);
    impatient.abort();
    assert!(impatient.await.unwrap_err().is_cancelled());
    slow.go_on();
    patient.await.unwrap().unwrap();
    assert_eq!(bench.messages().await, (1, 0));
}

#[tokio::test]
async fn a_full_queue_still_tells_of_what_was_accepted() {
    let bench = Bench::with_limit(1);
    let echo = || bench.submission("echo", "1");
    let id = bench.tasks.submit_once("k", echo()).await.unwrap();
    let other = bench.tasks.submit_once("other", echo()).await;
    assert!(matches!(
        other,
        Err(KeyedSubmitError::Submit(SubmitError::QueueFull))
    ));
    assert_eq!(bench.tasks.submit_once("k", echo()).await.unwrap(), id);
    // The key that was refused is free again.
    bench.deliver().await;
    bench.tasks.submit_once("other", echo()).await.unwrap();
}
