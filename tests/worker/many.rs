//! Many submissions in one: what becomes of each when storage fails on the way.

use std::time::Duration;

use engine::limits::{ACCEPTING_TIMEOUT, IDEMPOTENCY_RETENTION};
use engine::{EachSubmitted, KeyedSubmitError, NoneAccepted, Submission, SubmitError};

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};

impl Bench {
    fn many(&self, count: usize) -> Vec<Submission> {
        let submission = |n: usize| self.submission("echo", &n.to_string());
        (0..count).map(submission).collect()
    }
}

/// How many are accepted, are not, and may be.
fn counts(each: &EachSubmitted) -> [usize; 3] {
    let unknown = |error: &KeyedSubmitError| {
        matches!(
            error,
            KeyedSubmitError::Submit(SubmitError::Unknown { .. }) | KeyedSubmitError::InProgress
        )
    };
    let errors: Vec<_> = each.iter().filter_map(|each| each.as_ref().err()).collect();
    let unknown = errors.iter().filter(|error| unknown(error)).count();
    [each.len() - errors.len(), errors.len() - unknown, unknown]
}

#[tokio::test]
async fn each_comes_to_be_or_not_by_itself() {
    let bench = Bench::new();
    bench.calls.fail(Call::Create, Moment::Before);
    bench.calls.lose(Call::Create, Moment::After);
    let many = bench.many(10);
    let ids: Vec<_> = many.iter().map(|submission| submission.id).collect();

    let each = bench.tasks.submit_many(None, many).await.unwrap();

    assert_eq!(counts(&each), [8, 1, 1]);
    for (submitted, id) in each.iter().zip(ids) {
        let is_there = bench.record(id).await.is_some();
        match submitted {
            Ok(accepted) => assert!(*accepted == id && is_there),
            // Its answer was lost, and it is told which it is.
            Err(KeyedSubmitError::Submit(SubmitError::Unknown { id: told, .. })) => {
                assert!(*told == id && is_there);
            }
            Err(_) => assert!(!is_there),
        }
    }
    // The sweep sends the message of the one whose answer was lost.
    assert_eq!(bench.messages().await, (8, 0));
}

#[tokio::test]
async fn the_same_again_with_the_key_makes_up_for_those_that_are_missing() {
    let bench = Bench::new();
    let first = bench.tasks.submit_many(Some("k"), bench.many(1)).await;
    assert!(first.is_ok());
    // Of another key's, the first is accepted and its key noted; then storage fails for one.
    let held = bench
        .calls
        .hold_after(Some(Call::Create), 2, Moment::Before);
    let (tasks, many) = (bench.tasks.clone(), bench.many(6));
    let submitting = tokio::spawn(async move { tasks.submit_many(Some("m"), many).await });
    held.arrived().await;
    bench.calls.fail(Call::Create, Moment::Before);
    held.go_on();
    let each = submitting.await.unwrap().unwrap();
    assert_eq!(counts(&each), [5, 1, 0]);

    let again = bench
        .tasks
        .submit_many(Some("m"), bench.many(6))
        .await
        .unwrap();

    assert_eq!(counts(&again), [6, 0, 0]);
    for (before, now) in each.iter().zip(&again) {
        if let Ok(id) = before {
            assert_eq!(now.as_ref().unwrap(), id);
        }
    }
    assert_eq!(bench.messages().await, (7, 0));
}

#[tokio::test]
async fn none_is_accepted_when_the_key_stands_for_something_else() {
    let bench = Bench::new();
    bench
        .tasks
        .submit_many(Some("k"), bench.many(3))
        .await
        .unwrap();
    for other in [bench.many(2), bench.many(4)] {
        let refused = bench.tasks.submit_many(Some("k"), other).await;
        let is_other = matches!(
            refused,
            Err(NoneAccepted::All(KeyedSubmitError::OtherSubmission))
        );
        assert!(is_other, "{refused:?}");
    }
    let single = bench
        .tasks
        .submit_once("k", bench.submission("echo", "0"))
        .await;
    assert!(matches!(single, Err(KeyedSubmitError::OtherSubmission)));
    assert_eq!(bench.messages().await, (3, 0));
}

#[tokio::test]
async fn a_key_whose_first_task_fails_goes_on_standing_for_the_others() {
    let bench = Bench::new();
    // The claims of the three, and then the first record.
    let held = bench
        .calls
        .hold_after(Some(Call::Create), 3, Moment::Before);
    let (tasks, many) = (bench.tasks.clone(), bench.many(3));
    let submitting = tokio::spawn(async move { tasks.submit_many(Some("k"), many).await });
    held.arrived().await;
    bench.calls.fail(Call::Send, Moment::Before);
    held.go_on();
    let each = submitting.await.unwrap().unwrap();
    assert_eq!(counts(&each), [2, 1, 0]);
    let failed = each.iter().position(Result::is_err).unwrap();

    let other = bench.tasks.submit_many(Some("k"), bench.many(2)).await;
    let is_other = matches!(
        other,
        Err(NoneAccepted::All(KeyedSubmitError::OtherSubmission))
    );
    assert!(is_other, "{failed} failed: {other:?}");
    let again = bench.tasks.submit_many(Some("k"), bench.many(3)).await;
    let again = again.unwrap();
    assert_eq!(counts(&again), [3, 0, 0]);
    for (place, (before, now)) in each.iter().zip(&again).enumerate() {
        assert!(place == failed || before.as_ref().unwrap() == now.as_ref().unwrap());
    }
    assert_eq!(bench.messages().await, (3, 0));
}

#[tokio::test]
async fn a_key_whose_first_task_fails_goes_on_standing_for_those_that_may_be_there() {
    let bench = Bench::new();
    // Of the claims the second, and then the two records.
    let held = bench
        .calls
        .hold_after(Some(Call::Create), 1, Moment::Before);
    let (tasks, many) = (bench.tasks.clone(), bench.many(2));
    let submitting = tokio::spawn(async move { tasks.submit_many(Some("k"), many).await });
    held.arrived().await;
    bench.calls.fail(Call::Create, Moment::Before);
    bench.calls.lose(Call::Create, Moment::After);
    held.go_on();
    let each = submitting.await.unwrap().unwrap();
    assert_eq!(counts(&each), [0, 1, 1]);
    assert!(matches!(
        each[0],
        Err(KeyedSubmitError::Submit(SubmitError::Storage(_)))
    ));

    let other = bench.tasks.submit_many(Some("k"), bench.many(3)).await;
    let is_other = matches!(
        other,
        Err(NoneAccepted::All(KeyedSubmitError::OtherSubmission))
    );
    assert!(is_other, "{each:?}, then {other:?}");
}

#[tokio::test]
async fn the_key_of_the_first_says_for_all_whether_they_are_new() {
    let bench = Bench::new();
    let submit = async || {
        let each = bench.tasks.submit_many(Some("k"), bench.many(3)).await;
        let ids: Vec<_> = each.unwrap().into_iter().map(Result::unwrap).collect();
        ids
    };
    // The others are claimed a minute after the first.
    let held = bench.calls.hold(Call::Create, Moment::After);
    let minute = Duration::from_secs(60);
    let later = async {
        held.arrived().await;
        bench.clock.advance(minute);
        held.go_on();
    };
    let (first, ()) = tokio::join!(submit(), later);
    bench.clock.advance(IDEMPOTENCY_RETENTION - minute);
    assert_eq!(submit().await, first);
    bench.clock.advance(Duration::from_secs(1));
    let second = submit().await;
    for (place, id) in second.iter().enumerate() {
        assert!(!first.contains(id), "{place} is an old one");
    }
    // The new ones are together, too.
    bench.clock.advance(IDEMPOTENCY_RETENTION);
    assert_eq!(submit().await, second);
}

#[tokio::test]
async fn many_that_are_carried_on_stand_together_from_their_first_claim() {
    let bench = Bench::new();
    let held = bench.calls.hold_after(Some(Call::Send), 0, Moment::Before);
    let (tasks, many) = (bench.tasks.clone(), bench.many(3));
    let dying = tokio::spawn(async move { tasks.submit_many(Some("k"), many).await });
    held.arrived().await;
    dying.abort();
    bench.clock.advance(ACCEPTING_TIMEOUT);
    let submit = async || {
        let each = bench.tasks.submit_many(Some("k"), bench.many(3)).await;
        let ids: Vec<_> = each.unwrap().into_iter().map(Result::unwrap).collect();
        ids
    };
    let carried_on = submit().await;
    assert_eq!(submit().await, carried_on);
    bench
        .clock
        .advance(IDEMPOTENCY_RETENTION - ACCEPTING_TIMEOUT);
    assert_eq!(submit().await, carried_on);
    bench.clock.advance(Duration::from_secs(1));
    let second = submit().await;
    assert!(second.iter().all(|id| !carried_on.contains(id)));
}

#[tokio::test]
async fn with_a_key_there_is_room_for_all_or_none_is_accepted() {
    let bench = Bench::with_limit(3);
    let refused = bench.tasks.submit_many(Some("k"), bench.many(4)).await;
    let is_full = matches!(
        refused,
        Err(NoneAccepted::All(KeyedSubmitError::Submit(
            SubmitError::QueueFull
        )))
    );
    assert!(is_full, "{refused:?}");
    assert_eq!(bench.messages().await, (0, 0));
    // Its keys are free again, for whatever comes with it.
    let each = bench.tasks.submit_many(Some("k"), bench.many(3)).await;
    let each = each.unwrap();
    assert_eq!(counts(&each), [3, 0, 0]);
    // And what was accepted needs no more room.
    let again = bench.tasks.submit_many(Some("k"), bench.many(3)).await;
    let ids = |each: EachSubmitted| each.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(ids(again.unwrap()), ids(each));
    assert_eq!(bench.messages().await, (3, 0));
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_all_of_them() {
    let bench = Bench::new();
    let held = bench.calls.hold(Call::Create, Moment::Before);
    let (tasks, many) = (bench.tasks.clone(), bench.many(5));
    let caller = tokio::spawn(async move { tasks.submit_many(None, many).await });
    held.arrived().await;
    caller.abort();
    held.go_on();
    crate::helpers::eventually::eventually("all are there", async || {
        (bench.messages().await == (5, 0)).then_some(())
    })
    .await;
}
