//! Messages that a queue hands out before their time: after a restart, or because it hides none for so
//! long. They are put off, which is no attempt.

use std::time::Duration;

use engine::{Outcome, TaskId, TaskStatus};
use ports::timestamp;
use ports::{Clock, Timestamp};
use serde_json::json;

use super::bench::Bench;
use crate::helpers::queues::delete;

/// As long as Azure hides a message.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An id of another program, which tells no time.
const ID: &str = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";

impl Bench {
    fn after(&self, delay: Duration) -> Timestamp {
        self.clock.now() + delay
    }

    /// Sends a message for `echo` that is due then, and comes now.
    async fn send_due_at(&self, id: TaskId, due_at: &serde_json::Value) {
        let text = json!({"id": id, "kind": "echo", "input": 1, "due_at": due_at}).to_string();
        self.queue.send(&text, Duration::ZERO).await.unwrap();
    }

    /// Takes the one message from the queue, whenever it is due.
    async fn take_out(&self, after: Duration) -> String {
        self.clock.advance(after);
        let received = self.receive().await;
        assert!(delete(&*self.queue, &received).await);
        received.text
    }
}

/// For how long, and the message that follows.
fn put_off(bench: &Bench, outcome: Outcome) -> (Duration, String) {
    match outcome {
        Outcome::Again { after, .. } => (after, bench.calls.last_sent()),
        other => panic!("not put off: {other:?}"),
    }
}

#[tokio::test]
async fn a_delay_that_is_longer_than_the_queue_hides_a_message_is_kept() {
    let bench = Bench::new();
    let milliseconds = (WEEK * 2 + DAY).as_millis();
    let input = format!(r#"{{"times":1,"milliseconds":{milliseconds}}}"#);
    let id = bench.submit("later", &input).await;
    let (mut left, mut message) = put_off(&bench, bench.deliver().await);
    assert_eq!(left, WEEK * 2 + DAY);
    // What the queue was asked for, and what it does.
    bench.take_out(left).await;
    bench.clock.rewind(left);
    let due_at = bench.after(left);
    let mut rounds = 0;
    while left > WEEK {
        bench.queue.send(&message, WEEK).await.unwrap();
        bench.clock.advance(WEEK);
        let received = bench.receive().await;
        (left, message) = put_off(&bench, bench.consumer.process(received).await);
        rounds += 1;
        assert_eq!(bench.after(left), due_at);
        bench.take_out(left).await;
        bench.clock.rewind(left);
        let record = bench.record(id).await.unwrap();
        assert_eq!((record.status(), record.attempts), (TaskStatus::Queued, 0));
    }
    assert_eq!(rounds, 2);
    bench.queue.send(&message, left).await.unwrap();
    bench.clock.advance(left);
    assert_eq!(bench.deliver().await, Outcome::Done);
    let record = bench.record(id).await.unwrap();
    assert_eq!(
        (record.status(), record.attempts),
        (TaskStatus::Succeeded, 1)
    );
}

#[tokio::test]
async fn a_failed_attempt_is_not_followed_early_when_its_delay_is_lost() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":1}"#).await;
    let (wait, message) = put_off(&bench, bench.deliver().await);
    bench.take_out(wait).await;
    bench.clock.rewind(wait);
    // A message that tells less than the record, as an older version sent it.
    let mut shorter: serde_json::Value = serde_json::from_str(&message).unwrap();
    assert!(shorter["due_at"].take().is_string());
    for early in [message, shorter.to_string()] {
        bench.queue.send(&early, Duration::ZERO).await.unwrap();
        let (left, _) = put_off(&bench, bench.deliver().await);
        assert_eq!(left, wait);
        assert_eq!(bench.record(id).await.unwrap().attempts, 1);
    }
}

#[tokio::test]
async fn a_message_that_comes_early_keeps_what_was_counted() {
    let bench = Bench::new();
    let id: TaskId = ID.parse().unwrap();
    let sent_at = bench.clock.now();
    let due_at = json!(timestamp::to_text(bench.after(DAY)));
    bench.send_due_at(id, &due_at).await;
    // Whoever had it first died with it.
    bench.receive().await;
    bench.clock.advance(Duration::from_secs(60));
    let (left, message) = put_off(&bench, bench.deliver().await);
    assert_eq!(left, DAY - Duration::from_secs(60));
    let message: serde_json::Value = serde_json::from_str(&message).unwrap();
    assert_eq!(message["spent"], 1);
    assert_eq!(message["due_at"], due_at);
    assert_eq!(message["created_at"], timestamp::to_text(sent_at));

    bench.clock.advance(left);
    assert_eq!(bench.deliver().await, Outcome::Done);
    let record = bench.record(id).await.unwrap();
    assert_eq!((record.attempts, record.created_at), (2, sent_at));
}

#[tokio::test]
async fn what_is_no_time_or_has_come_does_not_put_a_message_off() {
    for due_at in [
        json!("tomorrow"),
        json!(1_893_456_000),
        json!(null),
        json!("2020-01-01T00:00:00Z"),
    ] {
        let bench = Bench::new();
        let id = ID.parse().unwrap();
        bench.send_due_at(id, &due_at).await;
        assert_eq!(bench.deliver().await, Outcome::Done, "{due_at}");
        assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
    }
}

#[tokio::test]
async fn a_clock_that_was_put_back_does_not_hold_up_what_another_clock_delayed() {
    let bench = Bench::new();
    let id = ID.parse().unwrap();
    let due_at = json!(timestamp::to_text(bench.after(DAY)));
    bench.send_due_at(id, &due_at).await;
    let received = bench.receive().await;
    bench.clock.rewind(DAY * 30);
    assert_eq!(bench.consumer.process(received).await, Outcome::Done);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
}
