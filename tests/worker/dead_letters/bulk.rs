//! Replaying and deleting many: by tasks that go on where one broke off, and count on.

use std::time::Duration;

use engine::limits::SWEEP_INTERVAL;
use engine::{Bulk, LetterFilter, SubmitError, TaskStatus};

use super::{JUST_AFTER, all, edit};
use crate::helpers::calls::{Call, Moment};
use crate::worker::bench::Bench;

#[tokio::test]
async fn many_are_replayed_by_a_task_that_goes_on_where_one_broke_off() {
    let bench = Bench::new();
    for _ in 0..40 {
        bench.hopeless().await;
    }
    let bulk = bench.tasks.submit_bulk(Bulk::Replay, all()).await.unwrap();
    // What fails from now on is not meant.
    bench.clock.advance(JUST_AFTER);
    // Storage is away when the second half is to be done.
    let held = bench.calls.hold_after(Some(Call::Send), 20, Moment::Before);
    let received = bench.receive().await;
    tokio::select! {
        _ = bench.consumer.process(received.clone()) => panic!("it is held"),
        () = held.arrived() => {}
    }
    bench.all_is_written().await;
    let left = bench.ids(&all()).await.len();
    assert!((1..40).contains(&left), "{left}");

    bench.clock.advance(Duration::from_secs(120));
    let mut page = bench.consumer.receive(32).await.unwrap();
    let mut delivered = 0;
    while !page.is_empty() {
        for message in page {
            delivered += usize::from(!message.text.contains("_replay"));
            bench.consumer.process(message).await;
        }
        page = bench.consumer.receive(32).await.unwrap();
    }
    let done = bench.result(bulk.id).await;
    // Counted are those of both attempts.
    assert_eq!(done, r#"{"replayed":40,"failed":0}"#);
    // None ran twice; those whose messages were about to be sent are the sweep's to send.
    assert!((1..=40).contains(&delivered), "{delivered}");
}

#[tokio::test]
async fn an_attempt_counts_what_those_before_it_have_deleted() {
    for calls in [1, 30, 60, 90] {
        let bench = Bench::new();
        for _ in 0..40 {
            bench.hopeless().await;
        }
        let bulk = bench.tasks.submit_bulk(Bulk::Delete, all()).await.unwrap();
        let received = bench.receive().await;
        let held = bench
            .calls
            .hold_after(Some(Call::DeleteRecord), calls, Moment::After);
        tokio::select! {
            biased;
            _ = bench.consumer.process(received) => assert!(calls > 80, "it is held"),
            () = held.arrived() => {}
        }
        bench.calls.forget();
        bench.clock.advance(Duration::from_secs(120));
        if !bench.nothing_is_visible().await {
            bench.clock.advance(Duration::from_secs(120));
            bench.deliver().await;
        }
        let done = bench.result(bulk.id).await;
        assert_eq!(done, r#"{"deleted":40,"failed":0}"#, "after {calls} calls");
        // The count goes with the record of its task.
        let retention = bench.process.engine.settings.retention;
        bench.clock.advance(retention + SWEEP_INTERVAL);
        bench.maintenance.sweep_beside_loop().await.unwrap();
        let left = bench.store.list("f", None, 100).await.unwrap();
        assert!(left.items.is_empty(), "{:?}", left.items);
    }
}

#[tokio::test]
async fn what_stays_is_counted_once_however_many_attempts_there_are() {
    let bench = Bench::new();
    // Somebody replays it, or died while doing so.
    let claimed = bench.unreadable("hello").await;
    let dies = bench
        .calls
        .hold_after(Some(Call::Create), 0, Moment::Before);
    tokio::select! {
        biased;
        _ = bench.tasks.replay(claimed, edit(Some("echo"), "7")) => panic!("it is held"),
        () = dies.arrived() => {}
    }
    for _ in 0..20 {
        bench.hopeless().await;
    }
    let bulk = bench.tasks.submit_bulk(Bulk::Delete, all()).await.unwrap();
    let received = bench.receive().await;
    let held = bench
        .calls
        .hold_after(Some(Call::DeleteRecord), 30, Moment::Before);
    tokio::select! {
        biased;
        _ = bench.consumer.process(received) => panic!("it is held"),
        () = held.arrived() => {}
    }
    bench.calls.forget();
    bench.clock.advance(Duration::from_secs(61));
    bench.deliver().await;
    let done = bench.result(bulk.id).await;
    assert_eq!(done, r#"{"deleted":20,"failed":1}"#);
}

#[tokio::test]
async fn many_are_deleted_by_a_task() {
    let bench = Bench::new();
    let kept = bench.submit("panics", "0").await;
    bench.deliver_to_the_end().await;
    bench.maintenance.sweep_beside_loop().await.unwrap();
    let gone = bench.hopeless().await;
    bench.unreadable("hello").await;
    let kind = Some("hopeless".to_owned());
    let filter = LetterFilter { kind, ..all() };
    let bulk = bench.tasks.submit_bulk(Bulk::Delete, filter).await.unwrap();
    bench.deliver().await;
    assert_eq!(bench.result(bulk.id).await, r#"{"deleted":1,"failed":0}"#);
    assert!(bench.record(gone).await.is_none());
    assert!(bench.record(kept).await.is_some());

    let bulk = bench.tasks.submit_bulk(Bulk::Delete, all()).await.unwrap();
    bench.deliver().await;
    assert_eq!(bench.result(bulk.id).await, r#"{"deleted":2,"failed":0}"#);
    assert_eq!(
        (bench.ids(&all()).await.len(), bench.entries().await),
        (0, 0)
    );
}

#[tokio::test]
async fn no_client_submits_what_is_the_engines_own() {
    let bench = Bench::new();
    let own = bench.submission("_delete-dead-letters", "{}");
    let refused = bench.tasks.submit(own).await.unwrap_err();
    assert!(
        matches!(&refused, SubmitError::UnknownKind { known } if !known.contains("dead-letters"))
    );
}

#[tokio::test]
async fn what_has_succeeded_or_failed_again_since_it_was_listed_stays() {
    for bulk in [Bulk::Delete, Bulk::Replay] {
        let bench = Bench::new();
        let ended = bench.submit("flaky", r#"{"failures": 5}"#).await;
        bench.deliver_to_the_end().await;
        bench.clock.advance(JUST_AFTER);
        let again = bench.hopeless().await;
        let task = bench.tasks.submit_bulk(bulk, all()).await.unwrap();
        let received = bench.receive().await;
        // Both are listed, and about to be done.
        let held = bench.calls.hold(Call::Create, Moment::Before);
        let works = bench.consumer.process(received);
        tokio::pin!(works);
        tokio::select! {
            biased;
            _ = &mut works => panic!("it is held"),
            () = held.arrived() => {}
        }
        for id in [ended, again] {
            bench.tasks.retry(id).await.unwrap();
            bench.deliver().await;
            bench.clock.advance(JUST_AFTER);
        }
        held.go_on();
        works.await;
        assert_eq!(bench.status(ended).await, Some(TaskStatus::Succeeded));
        let record = bench.record(again).await.unwrap();
        assert_eq!((record.status(), record.retries), (TaskStatus::Failed, 1));
        let done = bench.result(task.id).await;
        assert!(done.ends_with(r#"":0,"failed":2}"#), "{done}");
    }
}

#[tokio::test]
async fn many_are_counted_by_their_entries_and_few_by_what_they_are() {
    let bench = Bench::new();
    let failed = bench.hopeless().await;
    // Entries whose tasks nobody has: what a process leaves that dies before it writes the record.
    bench.more_entries(1_500).await;
    bench.calls.forget();
    let reads = bench.calls.count(Call::Read);
    let counted = bench.tasks.count_dead_letters(&all()).await.unwrap();
    assert_eq!(
        (counted, bench.calls.count(Call::Read) - reads),
        (502, 1_000)
    );
    // What only the letters themselves tell, each is asked.
    for filter in [
        LetterFilter {
            text: Some("Ada".to_owned()),
            ..all()
        },
        LetterFilter {
            code: Some("N".repeat(70)),
            ..all()
        },
    ] {
        let wanted = usize::from(filter.text.is_some());
        assert_eq!(
            bench.tasks.count_dead_letters(&filter).await.unwrap(),
            wanted
        );
    }
    // Of all these a task is about, one is left to be done, and none is read to know how many there are.
    let reads = bench.calls.count(Call::Read);
    let bulk = bench.tasks.submit_bulk(Bulk::Delete, all()).await.unwrap();
    bench.deliver().await;
    assert_eq!(bench.result(bulk.id).await, r#"{"deleted":1,"failed":0}"#);
    let reads = bench.calls.count(Call::Read) - reads;
    assert!((1_501..1_510).contains(&reads), "{reads}");
    assert!(bench.record(failed).await.is_none());
}

#[tokio::test]
async fn who_replays_all_does_not_mean_what_was_done_to_many() {
    let bench = Bench::new();
    let bulk = bench.tasks.submit_bulk(Bulk::Delete, all()).await.unwrap();
    crate::worker::poisoned::wear_out(&bench).await;
    bench.deliver().await;
    bench.maintenance.sweep_beside_loop().await.unwrap();
    bench.clock.advance(JUST_AFTER);
    let failed = bench.hopeless().await;
    assert_eq!(bench.ids(&all()).await, [failed, bulk.id]);
    let count = async |bulk, filter| bench.tasks.count_bulk(bulk, filter).await.unwrap();
    assert_eq!(count(Bulk::Replay, all()).await, 1);
    assert_eq!(count(Bulk::Delete, all()).await, 2);
    let replays = bench.tasks.submit_bulk(Bulk::Replay, all()).await.unwrap();
    bench.deliver().await;
    assert_eq!(
        bench.result(replays.id).await,
        r#"{"replayed":1,"failed":0}"#
    );
    assert_eq!(bench.status(bulk.id).await, Some(TaskStatus::Failed));
    bench.deliver().await;
    // By its kind it is meant.
    let kind = Some("_delete-dead-letters".to_owned());
    let filter = LetterFilter { kind, ..all() };
    assert_eq!(count(Bulk::Replay, filter).await, 1);
}
