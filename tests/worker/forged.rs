//! Messages of somebody who may write to the queue, and not to the container: the record is the
//! truth, and a message is a hint.

use std::time::Duration;

use engine::{Outcome, TaskId, TaskStatus};
use serde_json::json;

use super::bench::Bench;

/// Any id of the right form.
const UNKNOWN: &str = "01919f4c-6d00-7000-8000-0000000000ff";

/// A trace that somebody made up, and what must not be kept of it.
const FORGED_TRACE: &str = "00-x\n2026-01-01T00:00:00.000Z ERROR forged-01";

impl Bench {
    async fn forge(&self, message: &serde_json::Value) {
        let text = message.to_string();
        self.queue.send(&text, Duration::ZERO).await.unwrap();
    }

    /// Takes the message of a task out of the queue, as if another worker held it.
    async fn hold_message(&self) {
        self.receive().await;
    }

    /// Works off what is visible, until nothing is. Panics when that does not end.
    async fn work_off(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for _ in 0..20 {
            let page = self.consumer.receive(32).await.unwrap();
            if page.is_empty() {
                return outcomes;
            }
            for received in page {
                outcomes.push(self.consumer.process(received).await);
            }
        }
        panic!("the messages do not come to an end: {outcomes:?}");
    }
}

/// Forged versions of a record that exists: none, and one that never was.
fn wrong_versions() -> [serde_json::Value; 2] {
    [serde_json::Value::Null, json!("0xFORGED")]
}

#[tokio::test]
async fn a_message_with_another_input_gives_no_wrong_result() {
    for etag in wrong_versions() {
        let bench = Bench::new();
        let id = bench.submit("echo", r#"{"mine":1}"#).await;
        bench.hold_message().await;
        bench
            .forge(&json!({"id": id, "kind": "echo", "input": "theirs", "etag": etag}))
            .await;
        bench.work_off().await;
        assert_eq!(bench.result(id).await, r#"{"mine":1}"#, "{etag}");
    }
}

#[tokio::test]
async fn a_message_with_another_kind_or_an_impossible_input_fails_no_task() {
    for etag in wrong_versions() {
        for work in [
            json!({"number": 24}),
            json!({"number": "no number"}),
            json!({"kind": "hopeless", "input": 1}),
            json!({"kind": "nothing", "input": 1}),
        ] {
            let bench = Bench::new();
            let id = bench.submit("echo", "1").await;
            bench.hold_message().await;
            let mut message = work.clone();
            message["id"] = json!(id);
            message["etag"] = etag.clone();
            bench.forge(&message).await;
            bench.work_off().await;
            assert_eq!(bench.result(id).await, "1", "{message}");
            assert_eq!(bench.record(id).await.unwrap().kind, "echo");
        }
    }
}

#[tokio::test]
async fn a_forged_message_brings_no_consumed_task_back() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let own = bench.receive().await;
    bench
        .forge(&json!({"id": id, "kind": "echo", "input": 2}))
        .await;
    let forged = bench.receive().await;
    // It is followed by one that asks the record, which is gone by then.
    bench.consumer.process(forged).await;
    bench.consumer.process(own).await;
    bench.records.delete(id, None).await.unwrap();

    assert_eq!(bench.deliver().await, Outcome::Done);

    assert!(bench.record(id).await.is_none());
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn an_ended_task_stays_as_it_is() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.work_off().await;
    for etag in wrong_versions() {
        for more in [
            json!({"kind": "echo", "input": 2}),
            json!({"number": "no number"}),
            json!({"kind": "hopeless", "input": 1, "spent": u32::MAX}),
            json!({"kind": 7}),
            json!({"attempts": -1}),
        ] {
            let mut message = more.clone();
            message["id"] = json!(id);
            message["etag"] = etag.clone();
            bench.forge(&message).await;
            bench.work_off().await;
            bench
                .poison_queue
                .send(&message.to_string(), Duration::ZERO)
                .await
                .unwrap();
            bench.maintenance.sweep().await.unwrap();
            assert_eq!(bench.result(id).await, "1", "{message}");
        }
    }
}

#[tokio::test]
async fn counts_without_end_end_all_the_same() {
    for (attempts, spent) in [
        (json!(u32::MAX), json!(u32::MAX)),
        (json!(u32::MAX), json!(0)),
        (json!(0), json!(u32::MAX)),
        (json!(-1), json!(1)),
        (json!(1.5), json!(1)),
        (json!(4_294_967_296_u64), json!(1)),
        (json!("1"), json!(1)),
    ] {
        let bench = Bench::new();
        bench
            .forge(&json!({
                "id": UNKNOWN, "kind": "hopeless", "input": 1, "attempts": attempts, "spent": spent,
            }))
            .await;
        bench
            .forge(&json!({
                "id": UNKNOWN.replace("ff", "fe"), "kind": "flaky", "input": {"failures": 100},
                "attempts": attempts, "spent": spent,
            }))
            .await;
        for _ in 0..5 {
            bench.work_off().await;
            bench.clock.advance(Duration::from_secs(600));
        }
        bench.work_off().await;
        assert_eq!(bench.messages().await.0, 0, "{attempts} {spent}");
    }
}

#[tokio::test]
async fn an_unknown_id_with_a_version_makes_no_record() {
    let bench = Bench::new();
    let id: TaskId = UNKNOWN.parse().unwrap();
    bench
        .forge(&json!({"id": id, "kind": "echo", "input": 1, "etag": "0x1"}))
        .await;
    bench.work_off().await;
    assert!(bench.record(id).await.is_none());
}

#[tokio::test]
async fn a_trace_that_is_none_is_not_kept() {
    let bench = Bench::new();
    let id: TaskId = UNKNOWN.parse().unwrap();
    bench
        .forge(&json!({"id": id, "number": 24, "traceparent": FORGED_TRACE}))
        .await;
    bench.work_off().await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
    assert_eq!(bench.record(id).await.unwrap().traceparent, None);
}

#[tokio::test]
async fn a_name_that_is_not_an_id_names_no_record() {
    let bench = Bench::new();
    for id in [
        "../x",
        "key-00",
        "",
        "01919F4C-6D00-7000-8000-0000000000FG",
        "a/b",
        "\u{0}",
        "%2e%2e",
    ] {
        bench.forge(&json!({"id": id, "number": 24})).await;
    }
    bench.work_off().await;
    let records = bench.store.list("", None, 100).await.unwrap().items;
    assert!(records.is_empty(), "{records:?}");
    assert_eq!(bench.messages().await, (0, 7));
}

#[tokio::test]
async fn a_kind_that_is_no_name_is_not_kept() {
    let bench = Bench::new();
    bench
        .forge(&json!({"id": UNKNOWN, "kind": "a\r\nforged: header", "input": 1}))
        .await;
    bench.work_off().await;
    let record = bench.record(UNKNOWN.parse().unwrap()).await.unwrap();
    assert_eq!(record.kind, "unknown");
}
