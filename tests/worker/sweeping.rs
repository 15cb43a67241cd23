//! A sweep that works off what the queue still holds.

use std::time::Duration;

use async_request_reply::tasks::{Swept, TaskStatus};

use super::bench::Bench;

#[tokio::test]
async fn one_bad_message_in_a_page_does_not_stop_the_others() {
    let bench = Bench::new();
    let mut ids = Vec::new();
    for number in 0..50 {
        ids.push(bench.submit("echo", &number.to_string()).await);
        if number == 10 {
            bench.queue.send("hello", Duration::ZERO).await.unwrap();
            bench.submit("panics", "0").await;
        }
    }
    assert_eq!(
        bench.maintenance.sweep().await.unwrap(),
        Swept {
            drained: 52,
            ..Swept::default()
        }
    );
    for id in ids {
        assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
    }
    // The panic is tried again; the bad message is to be looked at.
    assert_eq!(bench.messages().await, (1, 1));
}

#[tokio::test]
async fn a_sweep_beside_a_loop_leaves_the_queue_to_it() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    assert_eq!(
        bench.maintenance.sweep_beside_loop().await.unwrap(),
        Swept::default()
    );
    assert_eq!(bench.messages().await, (1, 0));
    assert_eq!(bench.kinds.runs(), 0);
}

#[tokio::test]
async fn a_sweep_of_nothing_does_nothing() {
    let bench = Bench::new();
    assert_eq!(bench.maintenance.sweep().await.unwrap(), Swept::default());
}
