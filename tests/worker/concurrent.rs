//! Two workers on one message: at-least-once delivery makes it possible, the record makes it harmless.

use engine::limits::VISIBILITY_TIMEOUT;
use engine::{Operated, Outcome, TaskStatus};

use super::bench::Bench;
use crate::helpers::calls::{Call, Held, Moment};
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn two_attempts_at_one_task_end_it_once() {
    let bench = Bench::new();
    let id = bench.submit("waits", "0").await;
    let first = bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT);
    let second = bench.receive().await;
    assert_eq!(second.dequeue_count, 2);

    let both_run = async {
        eventually("both attempts run", async || {
            (bench.kinds.runs() == 2).then_some(())
        })
        .await;
        bench.kinds.open_gate();
    };
    let (one, other, ()) = tokio::join!(
        bench.consumer.process(first),
        bench.consumer.process(second),
        both_run
    );
    assert_eq!((one, other), (Outcome::Done, Outcome::Done));
    assert_eq!(bench.ended(), 1);
    assert_eq!(bench.result(id).await, r#"{"waited":true}"#);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_late_attempt_does_not_change_the_result() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let late = bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT);
    assert_eq!(bench.deliver().await, Outcome::Done);
    let written = bench.records.read(id).await.unwrap().unwrap();

    // It was delivered first, so it does not look before it works.
    assert_eq!(bench.consumer.process(late).await, Outcome::Done);
    assert_eq!(bench.kinds.runs(), 2);
    let now = bench.records.read(id).await.unwrap().unwrap();
    assert_eq!(now.etag, written.etag);
    assert_eq!(now.record.attempts, 2);
}

#[tokio::test]
async fn a_result_that_was_consumed_is_not_written_again_by_a_late_attempt() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let late = bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT);
    bench.deliver().await;
    bench.tasks.consume(id);
    bench.delete_consumed(id).await;

    assert_eq!(bench.consumer.process(late).await, Outcome::Done);
    assert!(bench.record(id).await.is_none());
}

#[tokio::test]
async fn a_message_that_two_processes_have_at_once_ends_its_task_once() {
    let bench = Bench::new();
    let other = bench.other_process();
    for kind in ["echo", "waits"] {
        bench.kinds.open_gate();
        let id = bench.submit(kind, r#"{"waited":true}"#).await;
        let first = bench.receive().await;
        bench.clock.advance(VISIBILITY_TIMEOUT);
        let second = bench.receive().await;
        let ended = bench.ended() + other.ended();

        // Both have worked, neither has written.
        let held = [(); 2].map(|()| bench.calls.hold(Call::Replace, Moment::Before));
        let both_write = async {
            for held in &held {
                held.arrived().await;
            }
            held.iter().for_each(Held::go_on);
        };
        let (one, two, ()) = tokio::join!(
            bench.consumer.process(first),
            other.consumer.process(second),
            both_write
        );
        assert_eq!((one, two), (Outcome::Done, Outcome::Done));
        assert_eq!(bench.result(id).await, r#"{"waited":true}"#);
        assert_eq!(bench.ended() + other.ended(), ended + 1);
        assert_eq!(bench.messages().await, (0, 0));
    }
}

#[tokio::test]
async fn a_redelivery_does_not_bring_back_what_was_consumed_or_deleted() {
    let bench = Bench::new();
    for kind in ["echo", "flaky", "hopeless"] {
        let id = bench.submit(kind, r#"{"failures":0}"#).await;
        // Whoever had it first ended the task, and died before the acknowledgement.
        let lost = bench.calls.hold(Call::DeleteMessage, Moment::Before);
        let received = bench.receive().await;
        tokio::select! {
            _ = bench.consumer.process(received) => panic!("it did not die"),
            () = lost.arrived() => {}
        }
        if bench.status(id).await == Some(TaskStatus::Succeeded) {
            bench.tasks.consume(id);
            bench.delete_consumed(id).await;
        } else {
            let deleted = bench.tasks.delete(id).await.unwrap();
            assert!(matches!(deleted, Operated::Done(_)));
        }
        bench.clock.advance(VISIBILITY_TIMEOUT);
        let runs = bench.kinds.runs();
        assert_eq!(bench.deliver().await, Outcome::Done);
        assert_eq!(bench.kinds.runs(), runs);
        assert!(bench.record(id).await.is_none());
        assert_eq!(bench.messages().await, (0, 0));
    }
}

#[tokio::test]
async fn a_record_that_goes_between_the_work_and_its_write_stays_gone() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("flaky", r#"{"failures":0}"#).await;
    let late = bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT);
    let held = bench.calls.hold(Call::Replace, Moment::Before);
    let meanwhile = async {
        held.arrived().await;
        assert_eq!(bench.deliver().await, Outcome::Done);
        bench.tasks.consume(id);
        bench.delete_consumed(id).await;
        held.go_on();
    };
    let (outcome, ()) = tokio::join!(other.consumer.process(late), meanwhile);
    assert_eq!(outcome, Outcome::Done);
    assert!(bench.record(id).await.is_none());
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_counts() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":0}"#).await;
    bench.calls.fail(Call::Replace, Moment::After);
    let Outcome::Again { after, .. } = bench.deliver().await else {
        panic!("the attempt was not broken off");
    };
    let written = bench.records.read(id).await.unwrap().unwrap();
    assert_eq!(written.record.status(), TaskStatus::Succeeded);
    bench.clock.advance(after);
    assert_eq!(bench.deliver().await, Outcome::Done);
    let now = bench.records.read(id).await.unwrap().unwrap();
    assert_eq!(now.etag, written.etag);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_result_that_one_of_two_readers_took_is_gone_although_the_other_hung_up() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.deliver().await;
    // Both have their replies, and the one who stays has read it to the end.
    bench.tasks.consume(id);
    bench.tasks.consume(id);
    let held = bench.calls.hold(Call::DeleteRecord, Moment::Before);
    let hangs_up = async {
        held.arrived().await;
        bench.tasks.keep(id);
        assert!(bench.tasks.find(id).await.unwrap().is_none());
        held.go_on();
    };
    tokio::join!(bench.delete_consumed(id), hangs_up);
    assert!(bench.record(id).await.is_none());
}
