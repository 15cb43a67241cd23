//! Two versions side by side, as during a rolling upgrade. The newer one is played by what it would
//! leave behind: records with a higher schema, with a status that came later or with more fields, and
//! messages with more keys. The older one is this worker.

use std::time::Duration;

use engine::limits::{HIDDEN_AT_MOST, MAX_DEQUEUE_COUNT};
use engine::{Operated, Outcome, RecordError, Swept, TaskId, TaskStatus};
use ports::{Document, Stored};
use serde_json::{Value, json};

use super::bench::Bench;
use crate::helpers::queues::delete;

/// What a newer version changes in a record that this one cannot know the meaning of.
const CHANGES: [fn(&mut Value); 4] = [
    |record| record["schema"] = json!(2),
    |record| record["status"] = json!("paused"),
    |record| {
        record["schema"] = json!(2);
        record["kind"] = json!({"name": "echo", "version": 2});
    },
    |record| *record = json!({"schema": 3, "everything": "else"}),
];

impl Bench {
    async fn stored(&self, id: TaskId) -> Stored {
        let stored = self.store.read(&id.to_string()).await.unwrap();
        stored.expect("the task has a record")
    }

    async fn body(&self, id: TaskId) -> Value {
        serde_json::from_slice(&self.stored(id).await.body).unwrap()
    }

    /// Writes a task's record as a newer version does.
    async fn upgrade(&self, id: TaskId, change: impl FnOnce(&mut Value)) {
        let Stored { body, etag, .. } = self.stored(id).await;
        let mut record = serde_json::from_slice(&body).unwrap();
        let head = self.record(id).await.unwrap().to_document().head;
        change(&mut record);
        let body = record.to_string().into();
        let document = Document { head, body };
        let written = self
            .store
            .replace(&id.to_string(), &document, &etag)
            .await
            .unwrap();
        assert!(written.is_some());
    }

    /// Takes the message of a task away, and sends another.
    async fn send_instead(&self, message: &Value) {
        let received = self.receive().await;
        assert!(delete(&*self.queue, &received).await);
        let text = message.to_string();
        self.queue.send(&text, Duration::ZERO).await.unwrap();
    }
}

/// When the next attempt is due, and the message that brings it.
fn again(bench: &Bench, outcome: Outcome) -> (Duration, Value) {
    match outcome {
        Outcome::Again { after, .. } => {
            let message = bench.calls.last_sent();
            (after, serde_json::from_str(&message).unwrap())
        }
        other => panic!("nothing follows: {other:?}"),
    }
}

#[tokio::test]
async fn a_task_of_a_newer_version_is_put_off_until_that_version_takes_it() {
    for change in CHANGES {
        for kind in ["echo", "flaky"] {
            let bench = Bench::new();
            let id = bench.submit(kind, r#"{"failures":0}"#).await;
            bench.upgrade(id, change).await;
            let before = bench.stored(id).await;
            for _ in 0..2 * MAX_DEQUEUE_COUNT {
                let (after, message) = again(&bench, bench.deliver().await);
                assert!(after > Duration::from_secs(1));
                assert_eq!(
                    (&message["attempts"], &message["spent"]),
                    (&json!(null), &json!(null))
                );
                bench.clock.advance(after);
            }
            assert_eq!(bench.stored(id).await, before);
            assert_eq!(bench.messages().await, (1, 0));

            for operated in [
                bench.tasks.cancel(id).await,
                bench.tasks.delete(id).await,
                bench.tasks.retry(id).await,
            ] {
                let Err(RecordError::Unreadable(error)) = operated else {
                    panic!("{operated:?}");
                };
                assert!(error.is_newer());
            }
            assert_eq!(bench.stored(id).await, before);
        }
    }
}

#[tokio::test]
async fn a_sweep_leaves_a_task_of_a_newer_version_alone() {
    for change in CHANGES {
        let bench = Bench::new();
        let id = bench.submit("echo", "1").await;
        bench.lose_messages().await;
        bench.upgrade(id, change).await;
        let before = bench.stored(id).await;
        bench.clock.advance(HIDDEN_AT_MOST * 2);
        let swept = bench.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!(swept, Swept::default());
        assert_eq!(bench.stored(id).await, before);
        assert_eq!(bench.messages().await, (0, 0));

        // Nor is it buried.
        let text = json!({"id": id}).to_string();
        bench
            .poison_queue
            .send(&text, Duration::ZERO)
            .await
            .unwrap();
        let swept = bench.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!((swept.buried, swept.staying), (0, 1));
        assert_eq!(bench.stored(id).await, before);
        assert_eq!(bench.messages().await, (0, 1));
    }
}

#[tokio::test]
async fn a_message_that_only_a_newer_version_understands_is_put_off_with_its_task() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    bench.upgrade(id, CHANGES[0]).await;
    bench
        .send_instead(&json!({"id": id, "kind": {"name": "echo"}}))
        .await;
    again(&bench, bench.deliver().await);
    assert_eq!(bench.messages().await, (1, 0));
}

fn add_lane(record: &mut Value) {
    record["lane"] = json!({"speed": 1.5});
}

#[tokio::test]
async fn what_a_newer_version_keeps_in_a_record_outlives_every_write_of_an_older_one() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":6}"#).await;
    bench.upgrade(id, add_lane).await;
    for _ in 0..2 {
        loop {
            let outcome = bench.deliver().await;
            assert_eq!(bench.body(id).await["lane"], json!({"speed": 1.5}));
            let Outcome::Again { after, .. } = outcome else {
                break;
            };
            // Whoever gets it reads the record, of which the message cannot tell everything.
            let message = bench.calls.last_sent();
            let message: Value = serde_json::from_str(&message).unwrap();
            assert_eq!(message["input"], json!(null));
            bench.clock.advance(after);
        }
        bench.tasks.retry(id).await.unwrap();
        assert_eq!(bench.body(id).await["lane"], json!({"speed": 1.5}));
    }
    assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));

    let id = bench.submit("waits", "1").await;
    bench.upgrade(id, add_lane).await;
    let canceled = bench.tasks.cancel(id).await.unwrap();
    assert!(matches!(canceled, Operated::Done(_)));
    assert_eq!(bench.body(id).await["lane"], json!({"speed": 1.5}));
}

#[tokio::test]
async fn a_message_with_more_in_it_says_that_the_record_may_have_more_as_well() {
    let bench = Bench::new();
    // The kind is pure: with an older version's message it begins without a look at the record.
    let id = bench.submit("echo", "1").await;
    bench.upgrade(id, add_lane).await;
    let etag = bench.stored(id).await.etag;
    let message = json!({
        "id": id, "kind": "echo", "input": 1, "etag": etag.as_str(), "lane": "fast",
    });
    bench.send_instead(&message).await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, "1");
    assert_eq!(bench.body(id).await["lane"], json!({"speed": 1.5}));
}

#[tokio::test]
async fn what_a_newer_version_has_in_a_message_is_in_the_next_one() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":1}"#).await;
    bench
        .send_instead(&json!({"id": id, "lane": {"speed": 1.5}, "etag": "0x1"}))
        .await;
    let (after, message) = again(&bench, bench.deliver().await);
    assert_eq!(message["lane"], json!({"speed": 1.5}));
    bench.clock.advance(after);
    assert_eq!(bench.deliver().await, Outcome::Done);
}

#[tokio::test]
async fn a_kind_that_only_a_newer_version_knows_is_left_to_it_for_a_while() {
    let bench = Bench::new();
    let older = bench.other_process();
    let id = bench.submit("echo", "1").await;
    bench
        .upgrade(id, |record| record["kind"] = json!("translate"))
        .await;
    bench.send_instead(&json!({"id": id, "etag": "0x1"})).await;
    let mut outcomes = 0;
    loop {
        let received = bench.receive().await;
        outcomes += 1;
        match older.consumer.process(received).await {
            Outcome::Again { after, .. } => {
                assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
                bench.clock.advance(after);
            }
            _ => break,
        }
    }
    assert_eq!(outcomes, 5);
    assert_eq!(bench.error(id).await.0, "NotWorkable");
}
