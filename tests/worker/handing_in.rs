//! Tasks that work hands in: once each, with the trace of their parent.

use std::time::Duration;

use engine::{Outcome, Submission, TaskId};
use serde_json::Value;

use super::bench::Bench;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn submit(bench: &Bench, kind: &str, input: &str) -> TaskId {
    let submission = Submission {
        traceparent: Some(TRACE.to_owned()),
        ..bench.submission(kind, input)
    };
    bench.tasks.submit(submission).await.unwrap().id
}

/// The two tasks that the parent's second attempt names, after its first one has failed.
async fn children(bench: &Bench, parent: TaskId) -> Vec<TaskId> {
    assert!(matches!(bench.deliver().await, Outcome::Again { .. }));
    // The parent's next message is hidden; those of its children are not.
    let page = bench.consumer.receive(32).await.unwrap();
    assert_eq!(page.len(), 2);
    for received in page {
        assert_eq!(bench.consumer.process(received).await, Outcome::Done);
    }
    bench.clock.advance(Duration::from_secs(3));
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.kinds.runs(), 2);
    assert_eq!(bench.messages().await, (0, 0));
    let result: Value = serde_json::from_str(&bench.result(parent).await).unwrap();
    let children = result["children"].as_array().unwrap().iter();
    children
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn an_attempt_after_a_failed_one_hands_in_nothing_twice() {
    for (kind, input) in [("parent", "0"), ("breeds", "\"bulk\"")] {
        let bench = Bench::new();
        let parent = submit(&bench, kind, input).await;
        let children = children(&bench, parent).await;
        assert_ne!(children[0], children[1]);
        // Whatever the second attempt asked for: it is the task of the first one.
        assert_eq!(bench.result(children[0]).await, r#"{"bulk":"x"}"#);
        assert_eq!(bench.result(children[1]).await, r#"{"bulk":"xx"}"#);
        for child in children {
            let record = bench.record(child).await.unwrap();
            assert_eq!(record.traceparent.as_deref(), Some(TRACE));
        }
    }
}

#[tokio::test]
async fn a_kind_that_nobody_knows_is_told_to_who_hands_it_in() {
    let bench = Bench::new();
    let id = submit(&bench, "breeds", "\"nobody-knows-it\"").await;
    let Outcome::Again { reason, .. } = bench.deliver().await else {
        panic!("another attempt should follow");
    };
    assert_eq!(reason, "Error");
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
    assert_eq!(bench.messages().await, (1, 0));
}
