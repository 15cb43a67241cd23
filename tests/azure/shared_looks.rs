//! What a crowd that asks the same costs in calls to a storage account.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_request_reply::config::Storage;
use backends::SystemClock;
use engine::{Commit, Records, TaskId, TaskRecord, Versioned};
use futures_util::future::join_all;
use ports::Clock;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::azurite::azurite;
use crate::helpers::eventually::eventually;
use crate::helpers::proxy::{Fate, Proxy};
use crate::helpers::queues::{self, AzureStorage};

/// How many ask at once.
const CROWD: usize = 1_000;

/// How long storage takes for what is counted: time for the crowd to come.
const SLOW: Duration = Duration::from_millis(200);

/// How long a crowd waits: several looks.
const WAIT: Duration = Duration::from_secs(5);

/// A service, and how many requests to its storage were counted.
async fn counted(counts: fn(&str) -> bool) -> (App, Arc<AtomicUsize>) {
    let name = format!("looks-{}", Uuid::now_v7());
    counted_in(&name, counts).await
}

/// The same in a container and a queue of this name.
async fn counted_in(name: &str, counts: fn(&str) -> bool) -> (App, Arc<AtomicUsize>) {
    let mut account = azurite().account();
    let count = Arc::new(AtomicUsize::new(0));
    for endpoint in [&mut account.blob_endpoint, &mut account.queue_endpoint] {
        let count = Arc::clone(&count);
        Proxy::before(endpoint, move |request| {
            if !counts(request) {
                return Fate::Forward;
            }
            count.fetch_add(1, Ordering::SeqCst);
            Fate::Delay(SLOW)
        });
    }
    let app = spawn_app_with(|config| {
        config.storage = Storage::Azure(account);
        config.container = name.to_owned();
        config.queue = queues::name(name);
    });
    eventually("the service is healthy", async || {
        (app.client.get("/api/health").await.status == 200).then_some(())
    })
    .await;
    (app, count)
}

#[tokio::test]
async fn a_crowd_that_asks_for_health_costs_two_calls_a_second() {
    // The container's properties, and the queue's.
    let (app, count) = counted(|request| {
        let of_container = request.contains("restype=container") && !request.contains("comp=list");
        of_container || request.contains("comp=metadata")
    })
    .await;
    let before = count.load(Ordering::SeqCst);
    let began = Instant::now();
    let mut asked = 0;
    while began.elapsed() < Duration::from_secs(2) {
        let replies = join_all((0..CROWD).map(|_| app.client.get("/api/health"))).await;
        assert!(replies.iter().all(|reply| reply.status == 200));
        asked += replies.len();
    }
    let looks = 2 + began.elapsed().as_secs() as usize;
    let calls = count.load(Ordering::SeqCst) - before;
    assert!(calls <= 2 * looks, "{calls} calls for {asked} requests");
}

#[tokio::test]
async fn a_crowd_that_polls_one_monitor_shares_its_reads() {
    let (app, count) = counted(is_read_of_a_record).await;
    let id = app.client.run(r#"{"number": 24}"#).await;
    let before = count.load(Ordering::SeqCst);
    let began = Instant::now();
    let replies = join_all((0..CROWD).map(|_| app.client.monitor(&id))).await;
    let elapsed = began.elapsed();
    assert!(
        replies
            .iter()
            .all(|reply| reply.json()["status"] == "Succeeded")
    );
    let calls = count.load(Ordering::SeqCst) - before;
    let one_at_a_time = 2 + (elapsed.as_millis() / SLOW.as_millis()) as usize;
    assert!(calls <= one_at_a_time, "{calls} calls in {elapsed:?}");
}

#[tokio::test]
async fn a_crowd_that_waits_for_a_task_of_another_process_shares_its_reads() {
    let name = format!("looks-{}", Uuid::now_v7());
    let (app, count) = counted_in(&name, is_read_of_a_record).await;
    let id = task_of_another(&AzureStorage::new(&azurite().account(), &name)).await;
    let before = count.load(Ordering::SeqCst);
    let began = Instant::now();
    let replies = join_all((0..CROWD).map(|_| {
        let wait = app.client.request("GET", &format!("/api/tasks/{id}"));
        let wait = wait.header("prefer", format!("wait={}", WAIT.as_secs()));
        app.client.send(wait)
    }))
    .await;
    let elapsed = began.elapsed();
    assert!(elapsed >= WAIT, "nobody waited: {elapsed:?}");
    assert!(replies.iter().all(|reply| reply.status == 404));
    let calls = count.load(Ordering::SeqCst) - before;
    let one_at_a_time = 2 + (elapsed.as_millis() / SLOW.as_millis()) as usize;
    assert!(calls <= one_at_a_time, "{calls} calls in {elapsed:?}");
}

/// A blob is read, and nothing is listed, asked for its properties or received.
fn is_read_of_a_record(request: &str) -> bool {
    request.starts_with("GET")
        && request.contains("/looks-")
        && !request.contains("comp=")
        && !request.contains("restype=")
        && !request.contains("/messages")
}

/// A task whose message another process has.
async fn task_of_another(storage: &AzureStorage) -> TaskId {
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let input = RawValue::from_string(r#"{"number":24}"#.to_owned()).unwrap();
    let record = TaskRecord::queued(TaskId::new(now), "fibonacci".to_owned(), input, now);
    let mut task = Versioned { record, etag: None };
    let records = Records::new(storage.tasks(), clock);
    assert_eq!(records.commit(&mut task).await.unwrap(), Commit::Written);
    task.record.id
}
