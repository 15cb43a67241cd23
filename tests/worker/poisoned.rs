//! The way into the poison queue, and out of it.

use std::time::Duration;

use engine::limits::{MAX_DEQUEUE_COUNT, VISIBILITY_TIMEOUT};
use engine::{Gauges, Swept, TaskStatus};

use super::bench::{Bench, is_poison, is_spent};

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
async fn a_poisoned_message_that_names_no_task_stays_for_somebody_to_look_at() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    wear_out(&bench).await;
    bench
        .poison_queue
        .send("hello", Duration::ZERO)
        .await
        .unwrap();
    bench.deliver().await;

    for count in [1, 0] {
        let swept = Swept {
            nameless: 1,
            ..buried(count)
        };
        assert_eq!(bench.maintenance.sweep().await.unwrap(), swept);
        assert_eq!(bench.messages().await, (0, 1));
    }
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    let left = bench.consumer.receive_poisoned(1).await.unwrap();
    assert_eq!(left[0].text, "hello");
    let metrics = bench
        .process
        .engine
        .metrics
        .to_prometheus(&Gauges::default());
    for line in ["sweep_buried_total 1\n", "poison_messages 1\n"] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}
