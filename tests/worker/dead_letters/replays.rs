//! Replaying one: once, and never removed before what follows is stored.

use engine::limits::ACCEPTING_TIMEOUT;
use engine::{Outcome, Replayed, SubmitError, TaskStatus};
use work::InvalidInput;

use super::{JUST_AFTER, all, edit};
use crate::helpers::calls::{Call, Moment};
use crate::worker::bench::Bench;

#[tokio::test]
async fn a_task_is_replayed_with_another_input() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    crate::worker::poisoned::wear_out(&bench).await;
    bench.deliver().await;
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.ids(&all()).await, [id]);

    let replayed = bench
        .tasks
        .replay(id, edit(None, r#""two""#))
        .await
        .unwrap();
    assert!(matches!(replayed, Replayed::Task(_)));
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, r#""two""#);
    assert!(bench.ids(&all()).await.is_empty());
}

#[tokio::test]
async fn an_input_that_the_kind_does_not_take_changes_nothing() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures": 99}"#).await;
    bench.deliver_to_the_end().await;
    let refused = bench
        .tasks
        .replay(id, edit(None, r#"{"failures": "x"}"#))
        .await;
    let Err(SubmitError::InvalidInput(InvalidInput { field, .. })) = refused else {
        panic!("not refused: {refused:?}");
    };
    assert_eq!(field, "failures");
    assert_eq!(bench.ids(&all()).await, [id]);
    assert_eq!(bench.messages().await.0, 0);
}

#[tokio::test]
async fn of_two_replays_at_a_time_one_counts() {
    let bench = Bench::new();
    let id = bench.hopeless().await;
    let tasks = &bench.tasks;
    let (one, two) = tokio::join!(tasks.replay(id, None), tasks.replay(id, None));
    let done = [one.unwrap(), two.unwrap()]
        .into_iter()
        .filter(|it| matches!(it, Replayed::Task(_)));
    assert_eq!(done.count(), 1);
    assert_eq!(bench.messages().await.0, 1);

    bench.deliver().await;
    bench.clock.advance(JUST_AFTER);
    let id = bench.unreadable("hello").await;
    let (one, two) = tokio::join!(tasks.replay(id, None), tasks.replay(id, None));
    let done = [one.unwrap(), two.unwrap()]
        .into_iter()
        .filter(|it| matches!(it, Replayed::Sent { .. }));
    assert_eq!(done.count(), 1);
    assert_eq!(bench.messages().await.0, 1);
}

#[tokio::test]
async fn a_message_is_sent_to_its_queue_again_and_listed_until_it_is() {
    let bench = Bench::new();
    let id = bench.unreadable("hello").await;
    bench.calls.fail(Call::Send, Moment::Before);
    assert!(bench.tasks.replay(id, None).await.is_err());
    assert_eq!(bench.ids(&all()).await, [id]);
    assert_eq!(bench.messages().await, (0, 0));

    // It was let go, and is there to be replayed at once.
    let replayed = bench.tasks.replay(id, None).await.unwrap();
    assert!(matches!(replayed, Replayed::Sent { .. }));
    assert!(bench.ids(&all()).await.is_empty());
    assert_eq!(bench.receive().await.text, "hello");
    assert!(matches!(
        bench.tasks.replay(id, None).await,
        Ok(Replayed::Unknown)
    ));
}

#[tokio::test]
async fn a_message_becomes_the_task_that_an_input_makes() {
    let bench = Bench::new();
    let id = bench.unreadable("hello").await;
    let unknown = bench
        .tasks
        .replay(id, edit(Some("_replay-dead-letters"), "{}"))
        .await;
    assert!(matches!(unknown, Err(SubmitError::UnknownKind { .. })));
    let made = bench
        .tasks
        .replay(id, edit(Some("echo"), "7"))
        .await
        .unwrap();
    assert!(matches!(made, Replayed::Made(record) if record.id == id));
    assert!(bench.ids(&all()).await.is_empty());
    bench.deliver().await;
    assert_eq!(bench.result(id).await, "7");
}

#[tokio::test]
async fn a_message_that_became_a_task_is_none_whoever_died_after_that() {
    let bench = Bench::new();
    let id = bench.unreadable("hello").await;
    // The entry stays.
    bench.calls.fail(Call::DeleteRecord, Moment::Before);
    bench
        .tasks
        .replay(id, edit(Some("echo"), "7"))
        .await
        .unwrap();
    assert_eq!(bench.entries().await, 1);
    assert!(bench.ids(&all()).await.is_empty());
    bench.deliver().await;
    assert_eq!(bench.result(id).await, "7");
    assert!(bench.ids(&all()).await.is_empty());
}

#[tokio::test]
async fn a_message_that_became_a_task_is_listed_no_more_when_that_is_gone() {
    let bench = Bench::new();
    let id = bench.unreadable("hello").await;
    bench.calls.fail(Call::DeleteRecord, Moment::Before);
    bench
        .tasks
        .replay(id, edit(Some("echo"), "7"))
        .await
        .unwrap();
    bench.deliver().await;
    // While it may be under way, nobody takes its entry.
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.entries().await, 1);
    bench.clock.advance(ACCEPTING_TIMEOUT);
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.entries().await, 0);
    bench.tasks.delete(id).await.unwrap();
    assert!(bench.ids(&all()).await.is_empty());
    let again = bench.tasks.replay(id, edit(Some("echo"), "7")).await;
    assert!(matches!(again, Ok(Replayed::Unknown)));
}

#[tokio::test]
async fn a_death_before_there_is_a_task_leaves_the_message() {
    let bench = Bench::new();
    let id = bench.unreadable("hello").await;
    let held = bench
        .calls
        .hold_after(Some(Call::Create), 0, Moment::Before);
    tokio::select! {
        biased;
        _ = bench.tasks.replay(id, edit(Some("echo"), "7")) => panic!("it is held"),
        () = held.arrived() => {}
    }
    assert_eq!(bench.ids(&all()).await, [id]);
    // It may be under way.
    let again = bench.tasks.replay(id, edit(Some("echo"), "8")).await;
    assert!(matches!(again, Ok(Replayed::InProgress)));
    bench.clock.advance(ACCEPTING_TIMEOUT);
    // The sweep looks once, and keeps it.
    bench.calls.forget();
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.ids(&all()).await, [id]);
    let reads = bench.calls.count(Call::Read);
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.calls.count(Call::Read), reads);
    let again = bench.tasks.replay(id, edit(Some("echo"), "8")).await;
    assert!(matches!(again, Ok(Replayed::Made(_))), "{again:?}");
}

#[tokio::test]
async fn a_claim_that_cannot_be_ended_keeps_no_sweep_from_going_on() {
    let bench = Bench::new();
    let id = bench.unreadable("hello").await;
    let held = bench.calls.hold(Call::Create, Moment::Before);
    tokio::select! {
        biased;
        _ = bench.tasks.replay(id, edit(Some("echo"), "7")) => panic!("it is held"),
        () = held.arrived() => {}
    }
    bench.clock.advance(ACCEPTING_TIMEOUT);
    bench.calls.forget();
    for refused in [Call::Read, Call::Replace] {
        bench.calls.refuse(refused);
        bench.maintenance.sweep_beside_loop().await.unwrap();
    }
    // It is free at last.
    bench.maintenance.sweep_beside_loop().await.unwrap();
    let reads = bench.calls.count(Call::Read);
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.calls.count(Call::Read), reads);
}

#[tokio::test]
async fn a_task_stays_of_its_kind() {
    let bench = Bench::new();
    let id = bench.hopeless().await;
    let refused = bench.tasks.replay(id, edit(Some("echo"), "7")).await;
    assert!(matches!(refused, Ok(Replayed::OtherKind(kind)) if kind == "hopeless"));
    assert_eq!(bench.ids(&all()).await, [id]);
    let same = bench.tasks.replay(id, edit(Some("hopeless"), "7")).await;
    assert!(matches!(same, Ok(Replayed::Task(_))));
}

#[tokio::test]
async fn a_retry_that_is_taken_back_is_no_failure_of_now() {
    let bench = Bench::new();
    let id = bench.hopeless().await;
    let failed_at = bench.record(id).await.unwrap().updated_at;
    bench.calls.fail(Call::Send, Moment::Before);
    assert!(bench.tasks.retry(id).await.is_err());
    let record = bench.record(id).await.unwrap();
    assert_eq!(
        (record.status(), record.updated_at),
        (TaskStatus::Failed, failed_at)
    );
    assert_eq!(
        (bench.ids(&all()).await, bench.entries().await),
        (vec![id], 1)
    );
}
