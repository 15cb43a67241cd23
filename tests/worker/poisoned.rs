//! The way into the poison queue, and out of it.

use std::time::Duration;

use engine::limits::{MAX_DEQUEUE_COUNT, VISIBILITY_TIMEOUT};
use engine::{DeadLetter, Gauges, LetterBody, LetterFilter, Swept, TaskStatus};

use super::bench::{Bench, is_poison, is_spent};
use crate::helpers::calls::{Call, Moment};

/// Delivers a message to workers that all die with it.
pub(super) async fn wear_out(bench: &Bench) {
    for _ in 0..MAX_DEQUEUE_COUNT {
        bench.receive().await;
        bench.clock.advance(VISIBILITY_TIMEOUT);
    }
}

fn buried(count: usize) -> Swept {
    Swept {
        buried: count,
        ..Swept::default()
    }
}

#[tokio::test]
async fn a_message_delivered_too_often_is_poison_without_another_attempt() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    wear_out(&bench).await;
    assert!(is_poison(&bench.deliver().await));
    assert_eq!(bench.kinds.runs(), 0);
    assert_eq!(bench.messages().await, (0, 1));

    assert_eq!(bench.maintenance.sweep().await.unwrap(), buried(1));
    assert_eq!(bench.error(id).await.0, "DeadLettered");
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_poisoned_task_that_ended_keeps_its_end() {
    let bench = Bench::new();
    let id = bench.submit("panics", "0").await;
    assert!(is_spent(&bench.deliver_to_the_end().await));

    assert_eq!(bench.maintenance.sweep().await.unwrap(), buried(1));
    assert_eq!(bench.error(id).await.0, "WorkPanicked");
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_poisoned_task_whose_record_is_gone_is_forgotten() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    wear_out(&bench).await;
    bench.deliver().await;
    bench.records.delete(id, None).await.unwrap();

    assert_eq!(bench.maintenance.sweep().await.unwrap(), buried(1));
    assert!(bench.record(id).await.is_none());
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_poisoned_message_of_r0_becomes_a_failed_record() {
    let bench = Bench::new();
    let id = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";
    let text = format!(r#"{{"id": "{id}", "number": 24}}"#);
    bench
        .poison_queue
        .send(&text, Duration::ZERO)
        .await
        .unwrap();

    assert_eq!(bench.maintenance.sweep().await.unwrap(), buried(1));
    assert_eq!(bench.error(id.parse().unwrap()).await.0, "DeadLettered");
}

#[tokio::test]
async fn a_poisoned_message_that_names_no_task_is_listed_and_leaves_its_queue() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    wear_out(&bench).await;
    bench
        .poison_queue
        .send("hello", Duration::ZERO)
        .await
        .unwrap();
    bench.deliver().await;

    let swept = Swept {
        kept: 1,
        ..buried(1)
    };
    assert_eq!(bench.maintenance.sweep().await.unwrap(), swept);
    assert_eq!(bench.messages().await, (0, 0));
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    let letters = letters(&bench).await;
    let messages: Vec<_> = letters.iter().map(|letter| &letter.body).collect();
    let text =
        |body: &LetterBody| matches!(body, LetterBody::Message { text, .. } if text == "hello");
    assert_eq!(messages.iter().filter(|body| text(body)).count(), 1);
    assert_eq!(letters.len(), 2);
    let metrics = bench
        .process
        .engine
        .metrics
        .to_prometheus(&Gauges::default());
    for line in [
        "sweep_buried_total 1\n",
        "sweep_kept_total 1\n",
        "poison_messages 0\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

#[tokio::test]
async fn a_message_is_listed_before_it_leaves_its_queue_and_once() {
    let bench = Bench::new();
    bench
        .poison_queue
        .send("hello", Duration::ZERO)
        .await
        .unwrap();
    // The sweep dies, or storage is away, when the message is listed and not gone.
    bench.calls.fail(Call::DeleteMessage, Moment::Before);
    bench.maintenance.sweep().await.unwrap();
    assert_eq!(bench.messages().await, (0, 1));
    assert_eq!(letters(&bench).await.len(), 1);

    bench.clock.advance(VISIBILITY_TIMEOUT);
    let swept = bench.maintenance.sweep().await.unwrap();
    assert_eq!(swept.kept, 1);
    assert_eq!(bench.messages().await, (0, 0));
    assert_eq!(letters(&bench).await.len(), 1);
}

#[tokio::test]
async fn a_message_that_cannot_be_listed_stays_where_it_is() {
    let bench = Bench::new();
    bench
        .poison_queue
        .send("hello", Duration::ZERO)
        .await
        .unwrap();
    bench.calls.fail(Call::Create, Moment::Before);
    let swept = bench.maintenance.sweep().await.unwrap();
    assert_eq!(swept.kept, 0);
    assert_eq!(bench.messages().await, (0, 1));
    assert!(letters(&bench).await.is_empty());
}

async fn letters(bench: &Bench) -> Vec<DeadLetter> {
    let all = LetterFilter::default();
    bench
        .tasks
        .dead_letters(&all, 100, None)
        .await
        .unwrap()
        .letters
}
