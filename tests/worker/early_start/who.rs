//! Who may begin, and what that costs.

use std::time::Duration;

use engine::limits::{EARLY_START_LEASE, MAX_EARLY};
use engine::{EarlyStart, TaskStatus};
use tokio::time::Instant;

use super::{ALL, Beginning, Place};

/// Kinds that usually take no longer than a second.
const SHORT: EarlyStart = EarlyStart::All {
    usual_at_most: Some(Duration::from_secs(1)),
};

#[tokio::test(start_paused = true)]
async fn a_task_begins_at_once_with_four_calls_and_no_receive() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let begun = Instant::now();

    let id = here.submit("echo", "1").await;

    assert_eq!(place.succeeded(id).await, 1);
    place.settled().await;
    assert!(begun.elapsed() < Duration::from_millis(10));
    assert_eq!(place.asked(), [1, 0, 1, 1, 0, 0, 1]);
    assert_eq!(here.started(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_may_have_effects_is_read_before_it_begins() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let id = here.submit("bulk", r#"{"bytes":1}"#).await;
    assert_eq!(place.succeeded(id).await, 1);
    place.settled().await;
    assert_eq!(place.asked(), [1, 1, 1, 1, 0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_free_slot_is_left_to_whoever_receives_it() {
    for (kind, slots) in [("waits", 1), ("slow", 4)] {
        let place = Place::new();
        let here = place.process(slots, ALL);
        let first = here.submit(kind, "1").await;
        let second = here.submit(kind, "2").await;

        let mut page = here.receive().await;

        assert_eq!(page.len(), 1, "{kind}");
        here.kinds.open_gate();
        place.succeeded(first).await;
        let outcome = here.process.consumer.process(page.remove(0)).await;
        assert_eq!(outcome, engine::Outcome::Done);
        assert_eq!(place.succeeded(second).await, 1);
        assert_eq!(here.started(), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_waits_takes_no_slot_of_what_computes() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let computes = here.submit("waits", "1").await;
    let rests = here.submit("rests", "1").await;
    here.runs(2).await;
    here.kinds.open_gate();
    place.succeeded(computes).await;
    place.succeeded(rests).await;
    assert_eq!(here.started(), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn where_only_those_may_whose_client_waits_others_are_left() {
    let place = Place::new();
    let here = place.process(2, EarlyStart::Waiting);
    here.submit("echo", "1").await;
    assert_eq!(here.receive().await.len(), 1);
    waited_for(&here, "echo", "2").await;
    assert_eq!(here.started(), (1, 0));
}

/// Submits a task with a client that waits for it, who need not wait long.
async fn waited_for(here: &Beginning, kind: &str, input: &str) {
    let submission = here.submission(kind, input);
    let tasks = &here.process.tasks;
    let Ok(waiter) = tasks.watch(submission.id) else {
        panic!("nobody waits, and this may not");
    };
    tasks.submit(submission).await.unwrap();
    let begun = Instant::now();
    here.kinds.open_gate();
    let ended = tasks.wait(waiter, EARLY_START_LEASE).await.unwrap();
    assert_eq!(ended.unwrap().status(), TaskStatus::Succeeded);
    assert!(begun.elapsed() < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_takes_long_begins_only_for_a_client_that_waits() {
    let place = Place::new();
    let here = place.process(2, SHORT);
    // Of which nothing is known yet.
    let long = r#"{"milliseconds":1100}"#;
    let first = here.submit("sleeps", long).await;
    place.succeeded(first).await;

    here.submit("sleeps", long).await;

    assert_eq!(here.receive().await.len(), 1);
    waited_for(&here, "sleeps", r#"{"milliseconds":1}"#).await;
    assert_eq!(here.started(), (2, 0));
    // Another kind has another usual time.
    let other = here.submit("echo", "1").await;
    place.succeeded(other).await;
    assert_eq!(here.started(), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_where_it_is_off_or_the_process_is_stopping() {
    let place = Place::new();
    let off = place.process(2, EarlyStart::Off);
    assert!(off.working.is_none());
    off.submit("echo", "1").await;
    assert_eq!(off.receive().await.len(), 1);

    let stopping = place.process(2, ALL);
    stopping.process.engine.stop.stopping.cancel();
    stopping.submit("echo", "1").await;
    assert_eq!(stopping.receive().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_before_somebody_works_on_it() {
    let place = Place::new();
    let here = place.process(2, EarlyStart::Off);
    let unattended = place.storage.process_with(
        &here.kinds,
        engine::Settings {
            early_start: ALL,
            ..crate::helpers::process::settings(2, true)
        },
    );
    let submission = here.submission("echo", "1");
    unattended.tasks.submit(submission).await.unwrap();
    assert_eq!(here.receive().await.len(), 1);
    assert!(unattended.engine.early_messages().is_some());
    assert!(unattended.engine.early_messages().is_none());
}

#[tokio::test(start_paused = true)]
async fn no_more_are_held_than_may_be() {
    let place = Place::new();
    let here = place.process(1, ALL);
    for _ in 0..MAX_EARLY {
        here.submit("rests", "1").await;
    }
    assert!(here.receive().await.is_empty());
    here.submit("rests", "1").await;
    assert_eq!(here.receive().await.len(), 1);
    here.kinds.open_gate();
    while place.messages().await > 1 {
        tokio::time::sleep(super::MOMENT).await;
    }
    let id = here.submit("rests", "1").await;
    assert_eq!(place.succeeded(id).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_kind_with_a_queue_of_its_own_waits_for_that_alone() {
    let place = Place::new();
    let here = place.process_apart(2, ALL, &["bulk"]);
    let off = place.process(2, EarlyStart::Off);
    off.submit("echo", "1").await;
    // All that was asked for: there may be more.
    assert_eq!(here.process.consumer.receive(1).await.unwrap().len(), 1);

    let behind = here.submit("echo", "1").await;
    let apart = here.submit("bulk", r#"{"bytes":1}"#).await;

    assert_eq!(place.succeeded(apart).await, 1);
    assert_eq!(here.started(), (1, 0));
    assert_eq!(here.process.engine.consumers[1].aside(), 0);
    let mut page = here.receive().await;
    assert_eq!(page.len(), 1);
    here.process.consumer.process(page.remove(0)).await;
    assert_eq!(place.succeeded(behind).await, 1);
    // No more wait by now.
    let last = here.submit("echo", "1").await;
    assert_eq!(place.succeeded(last).await, 1);
    assert_eq!(here.started(), (2, 1));
}
