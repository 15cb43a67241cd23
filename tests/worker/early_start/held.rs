//! What becomes of a message that its sender holds: when it dies, when it stops, when work lasts or fails,
//! and when somebody comes between.

use std::time::Duration;

use engine::limits::{EARLY_START_LEASE, MAX_ATTEMPTS, VISIBILITY_TIMEOUT};
use engine::{Attempted, CalledBack, Operated, Outcome, Report, TaskError, TaskId, TaskStatus};
use serde_json::Value;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, sleep};

use super::{ALL, Beginning, MOMENT, Place};
use crate::helpers::calls::{Call, Moment};

/// The sender's time with the message, and a moment.
async fn past_the_lease() {
    sleep(EARLY_START_LEASE + MOMENT).await;
}

/// A process dies with a task that it has begun, at a call to storage; another one ends it, once.
async fn dies(call: Call, moment: Moment) -> u32 {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    let held = place.calls.hold(call, moment);
    let submission = here.submission("echo", "1");
    let id = submission.id;
    let tasks = here.process.tasks.clone();
    let submitting = tokio::spawn(async move { tasks.submit(submission).await });
    held.arrived().await;
    submitting.abort();
    here.die().await;

    assert!(other.receive().await.is_empty());
    past_the_lease().await;
    assert_eq!(other.deliver().await, Outcome::Done);

    let attempts = place.succeeded(id).await;
    assert_eq!(place.messages().await, 0);
    attempts
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_had_begun_is_ended_once_by_another() {
    // It was begun, and another attempt is the second.
    assert_eq!(dies(Call::Replace, Moment::Before).await, 2);
    // It had ended.
    for (call, moment) in [
        (Call::Replace, Moment::After),
        (Call::DeleteMessage, Moment::Before),
    ] {
        assert_eq!(dies(call, moment).await, 1, "{call:?} {moment:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_sent_and_not_begun_comes_back() {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    here.working.as_ref().unwrap().abort();
    let id = here.submit("echo", "1").await;
    assert!(other.receive().await.is_empty());

    past_the_lease().await;

    assert_eq!(other.deliver().await, Outcome::Done);
    // Nobody knows that it had not begun.
    assert_eq!(place.succeeded(id).await, 2);
}

#[tokio::test(start_paused = true)]
async fn work_that_lasts_is_shown_and_its_message_renewed() {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    let id = here.submit("rests", "1").await;
    for _ in 0..10 {
        sleep(VISIBILITY_TIMEOUT / 2).await;
        assert!(other.receive().await.is_empty());
    }
    assert_eq!(place.record(id).await.status(), TaskStatus::Running);
    here.kinds.open_gate();
    assert_eq!(place.succeeded(id).await, 1);
    place.settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_canceled_before_it_begins_never_runs() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let sent = place.calls.hold(Call::Send, Moment::After);
    let submission = here.submission("rests", "1");
    let id = submission.id;
    let tasks = here.process.tasks.clone();
    let submitting = tokio::spawn(async move { tasks.submit(submission).await });
    sent.arrived().await;
    let canceled = here.process.tasks.cancel(id).await.unwrap();
    assert!(matches!(canceled, Operated::Done(_)));
    sent.go_on();
    submitting.await.unwrap().unwrap();

    place.settled().await;

    assert_eq!(place.record(id).await.status(), TaskStatus::Canceled);
    assert_eq!(here.kinds.runs(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_canceled_while_it_runs_stops() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let id = here.submit("rests", "1").await;
    here.runs(1).await;

    here.process.tasks.cancel(id).await.unwrap();

    place.settled().await;
    assert_eq!(place.record(id).await.status(), TaskStatus::Canceled);
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_work_end_and_gives_the_rest_back_uncounted() {
    let place = Place::new();
    let (here, other) = (place.process(2, ALL), place.process(2, ALL));
    let ends = here.submit("rests", "1").await;
    let lasts = here.submit("rests", "1").await;
    here.runs(2).await;
    let stop = here.process.engine.stop.clone();
    stop.stopping.cancel();
    sleep(MOMENT).await;
    assert!(!here.working.as_ref().unwrap().is_finished());
    here.process.tasks.cancel(ends).await.unwrap();
    stop.break_off.cancel();

    here.working.unwrap().await.unwrap();

    assert_eq!(place.record(ends).await.status(), TaskStatus::Canceled);
    other.kinds.open_gate();
    assert_eq!(other.deliver().await, Outcome::Done);
    assert_eq!(place.succeeded(lasts).await, 1);
    assert_eq!(place.messages().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_is_about_to_be_held() {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    let sent = place.calls.hold(Call::Send, Moment::After);
    let submission = here.submission("echo", "1");
    let id = submission.id;
    let tasks = here.process.tasks.clone();
    let submitting = tokio::spawn(async move { tasks.submit(submission).await });
    sent.arrived().await;
    here.process.engine.stop.stopping.cancel();
    sleep(MOMENT).await;
    assert!(!here.working.as_ref().unwrap().is_finished());
    sent.go_on();
    submitting.await.unwrap().unwrap();

    here.working.unwrap().await.unwrap();

    // It is given back, and not begun.
    assert_eq!(here.kinds.runs(), 0);
    assert_eq!(other.deliver().await, Outcome::Done);
    assert_eq!(place.succeeded(id).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_follows_soon_begins_here_and_one_that_does_not_is_left() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let begun = Instant::now();
    let id = here.submit("flaky", r#"{"failures":2}"#).await;

    assert_eq!(place.succeeded(id).await, 3);

    place.settled().await;
    let waited = begun.elapsed().as_secs_f64();
    assert!((7.5..=12.6).contains(&waited), "{waited}");
    assert_eq!(here.started(), (3, 0));
    assert_eq!(place.asked(), [1, 3, 3, 3, 0, 0, 3]);

    // The fourth attempt follows after about 32 seconds: now and then sooner than the 30 of early starts.
    let id = here.submit("flaky", r#"{"failures":4}"#).await;
    while place.record(id).await.attempts < 4 {
        for received in here.receive().await {
            here.process.consumer.process(received).await;
        }
        sleep(MOMENT).await;
    }
    sleep(Duration::from_secs(161)).await;
    assert_eq!(here.deliver().await, Outcome::Done);
    assert_eq!(place.succeeded(id).await, 5);
    let started = here.started();
    assert!(matches!(started, (6, 2) | (7, 1)), "{started:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_finds_no_slot_when_it_is_due_is_left_to_others() {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    let id = here.submit("flaky", r#"{"failures":1}"#).await;
    while place.record(id).await.attempts < 1 {
        sleep(MOMENT).await;
    }
    here.submit("waits", "1").await;
    here.runs(1).await;
    assert!(other.receive().await.is_empty());

    advance(Duration::from_secs(3)).await;
    while place.calls.count(Call::Update) < 1 {
        yield_now().await;
    }

    assert_eq!(other.deliver().await, Outcome::Done);
    assert_eq!(place.succeeded(id).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_gives_back_what_waits_for_its_time_and_that_stays_so() {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    let id = here.submit("flaky", r#"{"failures":1}"#).await;
    while place.record(id).await.attempts < 1 {
        sleep(MOMENT).await;
    }
    here.process.engine.stop.stopping.cancel();

    here.working.unwrap().await.unwrap();

    assert!(other.receive().await.is_empty());
    sleep(Duration::from_secs(3)).await;
    assert_eq!(other.deliver().await, Outcome::Done);
    assert_eq!(place.succeeded(id).await, 2);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_more_than_there_may_be_begins() {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    let id = here.submit("flaky", r#"{"failures":99}"#).await;
    loop {
        for received in other.receive().await {
            other.process.consumer.process(received).await;
        }
        if place.record(id).await.status().is_terminal() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    let record = place.record(id).await;
    assert_eq!(
        (record.status(), record.attempts),
        (TaskStatus::Failed, MAX_ATTEMPTS)
    );
    assert_eq!(place.messages().await, 0);
}

#[tokio::test(start_paused = true)]
async fn storage_that_is_away_for_a_while_costs_no_attempt() {
    let place = Place::new();
    let (here, other) = (place.process(1, ALL), place.process(1, ALL));
    for _ in 0..4 {
        place.calls.fail(Call::Read, Moment::Before);
    }
    let id = here.submit("bulk", r#"{"bytes":1}"#).await;
    let outcome = loop {
        sleep(Duration::from_secs(1)).await;
        for received in other.receive().await {
            other.process.consumer.process(received).await;
        }
        let record = place.record(id).await;
        if record.status().is_terminal() {
            break record;
        }
    };
    assert_eq!(
        (outcome.status(), outcome.attempts),
        (TaskStatus::Succeeded, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_sent_is_not_held_and_nothing_was_accepted() {
    let place = Place::new();
    let here = place.process(1, ALL);
    place.calls.fail(Call::Send, Moment::Before);
    let submission = here.submission("echo", "1");
    assert!(here.process.tasks.submit(submission).await.is_err());
    // The slot is free again.
    let id = here.submit("echo", "1").await;
    assert_eq!(place.succeeded(id).await, 1);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_work_hands_in_begin_here() {
    let place = Place::new();
    let here = place.process(2, ALL);
    let parent = here.submit("breeds", "\"bulk\"").await;

    let record = place.ended(parent).await;

    let engine::TaskState::Succeeded { result } = record.state else {
        panic!("not succeeded: {record:?}");
    };
    let result: Value = serde_json::from_str(result.get()).unwrap();
    for id in result["children"].as_array().unwrap() {
        let id: TaskId = id.as_str().unwrap().parse().unwrap();
        assert_eq!(place.succeeded(id).await, 1);
    }
    place.settled().await;
    assert_eq!(here.started(), (4, 0));
    assert_eq!(place.calls.count(Call::Receive), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_retried_begins_here() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let id = here.submit("relents", "1").await;
    assert_eq!(place.ended(id).await.status(), TaskStatus::Failed);
    place.settled().await;
    here.kinds.open_gate();

    let retried = here.process.tasks.retry(id).await.unwrap();

    assert!(matches!(retried, Operated::Done(_)));
    assert_eq!(place.succeeded(id).await, 2);
    place.settled().await;
    assert_eq!(place.calls.count(Call::Receive), 0);
}

/// What the token of the last attempt that was handed over tells.
fn attempted(here: &Beginning, id: TaskId) -> Attempted {
    let url = here.kinds.callback();
    let (_, token) = url.split_once("?token=").unwrap();
    here.process
        .tasks
        .callbacks()
        .unwrap()
        .read(id, token)
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_others_report_as_failed_is_followed_by_one_here() {
    let place = Place::new();
    let here = place.process(1, ALL);
    let id = here.submit("hands_over", "1").await;
    while place.record(id).await.handed_over().is_none() {
        sleep(MOMENT).await;
    }
    let first = attempted(&here, id);
    let failed = Report::Failed {
        error: TaskError {
            code: "NoGpu".to_owned(),
            message: "all are busy".to_owned(),
        },
        may_pass: true,
    };
    let tasks = &here.process.tasks;
    assert_eq!(
        tasks.called_back(first, failed).await.unwrap(),
        CalledBack::Taken
    );
    let begun = Instant::now();
    while attempted(&here, id).attempt < 2 {
        sleep(MOMENT).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(here.started(), (2, 0));
    assert_eq!(place.calls.count(Call::Receive), 0);
}
