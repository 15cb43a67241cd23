//! Two workers on one message: at-least-once delivery makes it possible, the record makes it harmless.

use async_request_reply::tasks::Outcome;
use async_request_reply::tasks::limits::VISIBILITY_TIMEOUT;

use super::bench::Bench;
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
    bench.tasks.delete_consumed(id).await;

    assert_eq!(bench.consumer.process(late).await, Outcome::Done);
    assert!(bench.record(id).await.is_none());
}
