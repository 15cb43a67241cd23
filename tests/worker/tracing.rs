//! A client's trace is carried by every message and record of its task.

use engine::{Outcome, Submission};
use ports::Delivery;
use serde_json::Value;

use super::bench::Bench;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn traced(bench: &Bench, kind: &str, input: &str) -> Submission {
    Submission {
        traceparent: Some(PARENT.to_owned()),
        ..bench.submission(kind, input)
    }
}

fn assert_carried(received: &Delivery) {
    let message: Value = serde_json::from_str(&received.text).unwrap();
    assert_eq!(message["traceparent"], PARENT);
}

#[tokio::test]
async fn a_trace_goes_through_message_record_and_the_next_attempts() {
    let bench = Bench::new();
    let submission = traced(&bench, "flaky", r#"{"failures":1}"#);
    let id = bench.tasks.submit(submission).await.unwrap().id;
    for _ in 0..2 {
        let record = bench.record(id).await.unwrap();
        assert_eq!(record.traceparent.as_deref(), Some(PARENT));
        let received = bench.receive().await;
        assert_carried(&received);
        if let Outcome::Again { after, .. } = bench.consumer.process(received).await {
            bench.clock.advance(after);
        }
    }
    let record = bench.record(id).await.unwrap();
    assert!(record.status().is_terminal());
    assert_eq!(record.traceparent.as_deref(), Some(PARENT));
}

#[tokio::test]
async fn a_trace_stays_with_a_retried_task_and_with_a_large_one() {
    let bench = Bench::new();
    let submission = traced(&bench, "hopeless", "0");
    let id = bench.tasks.submit(submission).await.unwrap().id;
    bench.deliver().await;
    bench.tasks.retry(id).await.unwrap();
    assert_carried(&bench.receive().await);

    let large = format!("\"{}\"", "x".repeat(100_000));
    let submission = traced(&bench, "echo", &large);
    bench.tasks.submit(submission).await.unwrap();
    assert_carried(&bench.receive().await);
}
