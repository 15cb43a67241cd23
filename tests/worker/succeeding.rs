//! Deliveries that end well, and those that come after the end.

use std::time::Duration;

use engine::limits::{MAX_MESSAGE_BYTES, VISIBILITY_TIMEOUT};
use engine::{Outcome, TaskState, TaskStatus};

use super::bench::Bench;

#[tokio::test]
async fn a_task_is_worked_on_and_its_message_deleted() {
    let bench = Bench::new();
    let id = bench.submit("fibonacci", r#"{"number":24}"#).await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    bench.clock.advance(Duration::from_secs(3));
    assert_eq!(bench.deliver().await, Outcome::Done);

    assert_eq!(
        bench.result(id).await,
        r#"{"number":24,"calculation_result":"46368"}"#
    );
    let record = bench.record(id).await.unwrap();
    assert_eq!(record.attempts, 1);
    assert_eq!(
        record.updated_at - record.created_at,
        Duration::from_secs(3)
    );
    assert!(record.input.is_none());
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_redelivered_finished_task_is_not_run_twice() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    // The worker writes the result, and dies before it can delete the message.
    let lost = bench.receive().await;
    let text = lost.text.clone();
    bench.consumer.process(lost).await;
    bench.queue.send(&text, Duration::ZERO).await.unwrap();
    bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT);

    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.kinds.runs(), 1);
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_record_that_changed_since_but_has_not_ended_is_ended() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let mut task = bench.records.read(id).await.unwrap().unwrap();
    task.record.state = TaskState::Running {
        percent: Some(7),
        handed_over: None,
    };
    bench.records.commit(&mut task).await.unwrap();

    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, "1");
}

#[tokio::test]
async fn a_record_that_was_ended_meanwhile_stays_as_it_is() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    let mut task = bench.records.read(id).await.unwrap().unwrap();
    task.record.state = TaskState::Canceled;
    bench.records.commit(&mut task).await.unwrap();

    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
    assert_eq!(bench.ended(), 0);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_record_that_was_deleted_meanwhile_does_not_come_back() {
    let bench = Bench::new();
    for seen_before in [false, true] {
        let id = bench.submit("echo", "1").await;
        if seen_before {
            bench.receive().await;
            bench.clock.advance(VISIBILITY_TIMEOUT);
        }
        assert!(bench.records.delete(id, None).await.unwrap());
        assert_eq!(bench.deliver().await, Outcome::Done);
        assert!(bench.record(id).await.is_none());
        assert_eq!(bench.messages().await, (0, 0));
    }
}

#[tokio::test]
async fn an_input_too_large_for_a_message_travels_in_the_record() {
    let bench = Bench::new();
    let input = format!(r#"{{"text": "{}"}}"#, "x".repeat(100_000));
    let id = bench.submit("echo", &input).await;
    let received = bench.receive().await;
    assert!(received.text.len() < 300, "{}", received.text);
    assert_eq!(bench.consumer.process(received).await, Outcome::Done);
    assert_eq!(bench.result(id).await, input);
}

#[tokio::test]
async fn a_message_is_never_larger_than_a_queue_takes() {
    let bench = Bench::new();
    for length in MAX_MESSAGE_BYTES - 200..MAX_MESSAGE_BYTES + 10 {
        if length % 7 == 0 {
            let input = format!("\"{}\"", "x".repeat(length));
            let id = bench.submit("echo", &input).await;
            let received = bench.receive().await;
            assert!(received.text.len() <= MAX_MESSAGE_BYTES);
            assert_eq!(bench.consumer.process(received).await, Outcome::Done);
            assert_eq!(bench.result(id).await, input);
        }
    }
}

#[tokio::test]
async fn null_is_an_input_and_a_result() {
    let bench = Bench::new();
    let id = bench.submit("echo", "null").await;
    // The second delivery takes the input from the record.
    bench.receive().await;
    bench.clock.advance(VISIBILITY_TIMEOUT);
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, "null");
}

#[tokio::test]
async fn only_quick_work_is_done_without_a_thread_of_its_own() {
    let bench = Bench::new();
    let here = format!("\"{:?}\"", std::thread::current().id());
    for (input, is_here) in [(r#""quick""#, true), (r#""slow""#, false)] {
        let id = bench.submit("threads", input).await;
        assert_eq!(bench.deliver().await, Outcome::Done);
        assert_eq!(bench.result(id).await == here, is_here, "{input}");
    }
}
