//! What a task asks of storage, by the service's own metrics.

use std::collections::BTreeMap;

use crate::ALONE;
use crate::client::Client;
use crate::figures::{SUBMIT_AND_WAIT_OPERATIONS, SUBMIT_THEN_FETCH_OPERATIONS};
use crate::helpers::app::{App, spawn_app};
use crate::helpers::eventually::eventually;

/// Fewer than bring up a look at the queue's length, which is one for 20 tasks at the most.
const TASKS: u64 = 10;

#[tokio::test]
async fn a_task_that_is_submitted_then_fetched_asks_no_more_of_storage_than_it_must() {
    check(SUBMIT_THEN_FETCH_OPERATIONS, Client::submit_then_fetch).await;
}

#[tokio::test]
async fn a_task_that_is_waited_for_asks_no_more_of_storage_than_it_must() {
    check(SUBMIT_AND_WAIT_OPERATIONS, Client::submit_and_wait).await;
}

async fn check(figures: &[(&str, u64)], task: fn(&mut Client)) {
    let _alone = ALONE.lock().await;
    let app = spawn_app();
    let mut client = Client::connect(app.address);
    for _ in 0..TASKS {
        task(&mut client);
    }
    let expected: BTreeMap<String, u64> = figures
        .iter()
        .map(|(name, count)| ((*name).to_owned(), count * TASKS))
        .collect();
    // Messages, and consumed records, are deleted after the reply.
    let last = eventually("the last task is settled", async || {
        let asked = asked(&app).await;
        let is_settled = asked.values().sum::<u64>() >= expected.values().sum();
        is_settled.then_some(asked)
    })
    .await;
    assert_eq!(last, expected, "of {TASKS} tasks");
}

/// What was asked for a task, by name.
async fn asked(app: &App) -> BTreeMap<String, u64> {
    let metrics = app.client.get_keyed("/api/metrics").await.text().to_owned();
    let mut asked: BTreeMap<String, u64> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("storage_operations_total{operation=\""))
        .filter_map(|line| line.split_once("\"} "))
        .map(|(name, count)| (name.to_owned(), count.parse().unwrap()))
        .filter(|(_, count)| *count > 0)
        .collect();
    // What the loop asks, the sweep at the start, and the metrics themselves.
    for other in [
        "receive_messages",
        "list_records",
        "count_messages",
        "peek_message",
    ] {
        asked.remove(other);
    }
    asked
}
