//! Messages of others: R0's, shortened ones, and those nobody can read.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use engine::{Outcome, TaskId, TaskStatus};

use super::bench::{Bench, is_poison, is_spent};
use crate::helpers::queues::delete;

const ID: &str = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";

impl Bench {
    /// Sends a text and delivers it.
    async fn deliver_text(&self, text: &str) -> Outcome {
        self.queue.send(text, Duration::ZERO).await.unwrap();
        self.deliver().await
    }
}

fn id() -> TaskId {
    ID.parse().unwrap()
}

#[tokio::test]
async fn a_message_of_r0_is_worked_on_and_makes_its_record() {
    let bench = Bench::new();
    let text = format!(r#"{{"id": "{ID}", "number": "12"}}"#);
    assert_eq!(bench.deliver_text(&text).await, Outcome::Done);
    assert_eq!(
        bench.result(id()).await,
        r#"{"number":"12","calculation_result":"144"}"#
    );
    assert_eq!(bench.record(id()).await.unwrap().kind, "fibonacci");
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_message_of_r0_that_comes_twice_ends_its_task_once() {
    let bench = Bench::new();
    let text = format!(r#"{{"id": "{ID}", "number": 24}}"#);
    assert_eq!(bench.deliver_text(&text).await, Outcome::Done);
    assert_eq!(bench.deliver_text(&text).await, Outcome::Done);
    assert_eq!(bench.ended(), 1);
}

#[tokio::test]
async fn a_message_in_base64_is_worked_on() {
    let bench = Bench::new();
    let text = BASE64_STANDARD.encode(format!(r#"{{"id": "{ID}", "number": 24}}"#));
    assert_eq!(bench.deliver_text(&text).await, Outcome::Done);
    assert_eq!(bench.status(id()).await, Some(TaskStatus::Succeeded));
}

#[tokio::test]
async fn a_message_with_an_id_alone_finds_everything_in_the_record() {
    let bench = Bench::new();
    let id = bench.submit("echo", "[1]").await;
    let sent = bench.receive().await;
    assert!(delete(&*bench.queue, &sent).await);

    let text = format!(r#"{{"id":"{id}"}}"#);
    assert_eq!(bench.deliver_text(&text).await, Outcome::Done);
    assert_eq!(bench.result(id).await, "[1]");
}

#[tokio::test]
async fn a_message_nobody_can_read_is_poison_at_once() {
    let bench = Bench::new();
    for (count, text) in ["hello \"queue\"", "{", "[1]", "{\"id\":\"x\"}", "aGVsbG8="]
        .iter()
        .enumerate()
    {
        assert!(is_poison(&bench.deliver_text(text).await), "{text}");
        assert_eq!(bench.messages().await, (0, count as u64 + 1));
    }
    let poisoned = bench.consumer.receive_dead_letters(1).await.unwrap();
    assert_eq!(poisoned[0].text, "hello \"queue\"");
    assert_eq!(bench.ended(), 0);
}

#[tokio::test]
async fn a_message_that_cannot_be_understood_fails_the_task_it_names() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let sent = bench.receive().await;
    assert!(delete(&*bench.queue, &sent).await);

    let text = format!(r#"{{"id":"{id}","kind":7}}"#);
    assert!(is_spent(&bench.deliver_text(&text).await));
    assert_eq!(bench.error(id).await.0, "UnreadableMessage");
    assert_eq!(bench.messages().await, (0, 1));
}

#[tokio::test]
async fn work_that_cannot_be_done_fails_the_task_and_is_poison() {
    for (rest, code) in [
        (r#""kind":"nothing","input":1"#, "NotWorkable"),
        (r#""kind":"nothing","number":1"#, "NotWorkable"),
        (r#""kind":"fibonacci""#, "NotWorkable"),
        (r#""number":"secret""#, "InvalidInput"),
        (r#""number":1001"#, "InvalidInput"),
        (r#""number":null"#, "InvalidInput"),
    ] {
        let bench = Bench::new();
        let text = format!(r#"{{"id":"{ID}",{rest}}}"#);
        let outcome = bench.deliver_text(&text).await;
        assert!(is_spent(&outcome), "{rest}");
        assert!(!format!("{outcome:?}").contains("secret"));
        assert_eq!(bench.error(id()).await.0, code, "{rest}");
        assert_eq!(bench.messages().await, (0, 1));
    }
}
