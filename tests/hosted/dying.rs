//! A host that dies with what it holds, and the next one on the same storage.

use std::time::{Duration, Instant};

use functions_host::{Event, HostOptions, Payload, StorageQueue};
use hyper::Method;
use serde_json::json;
use uuid::Uuid;

use super::Hosted;
use crate::helpers::azurite::azurite;

/// Longer than the first host lives.
const LONG: &str = "200000000";

/// Tasks behind it that the host holds as well: it looks for more while it holds no more than 8.
const HELD: usize = 8;

/// Not so quick that it would need no slot.
const LASTING: usize = 1_000_000;

/// The host gave nothing back on its way down.
const AT_LEAST: Duration = Duration::from_secs(100);

/// Two sweeps and more after the next host has begun, where the host's messages take ten minutes.
const AT_MOST: Duration = Duration::from_secs(300);

async fn start(name: &str) -> Hosted {
    let connection_string = azurite().connection_string();
    let queue = StorageQueue::new(&connection_string, name).unwrap();
    let options = HostOptions::new(connection_string)
        .setting("queue_name", name)
        .setting("BLOB_CONTAINER_NAME", name)
        .setting("EARLY_START", "off")
        .setting("WORKER_CONCURRENCY", "1")
        .setting("MAX_NUMBER", LONG);
    Hosted::start_with(options, queue).await
}

#[tokio::test]
async fn what_a_dead_host_held_is_done_two_minutes_later() {
    let name = format!("dying-{}", Uuid::now_v7());
    let hosted = start(&name).await;
    let long = hosted.submit(LONG).await;
    // It is the first, so that no other ends before.
    hosted.once(&long, |status| status == "Running").await;
    let mut ids = Vec::new();
    for number in 0..HELD {
        ids.push(hosted.submit(&(LASTING + number).to_string()).await);
    }
    // It holds all, and works on one.
    let held = |events: &[Event]| {
        let begun = events.iter().filter(|event| match event {
            Event::InvocationStarted(invocation) => invocation.function == "queue_worker",
            _ => false,
        });
        (begun.count() > HELD).then_some(())
    };
    hosted.host.events().wait_for("all held", held).await;
    let dies = Instant::now();
    drop(hosted);

    let hosted = start(&name).await;
    let begun = Instant::now();
    // It need not be done once more.
    let cancel = format!("/api/operations/{long}:cancel");
    let canceled = hosted.send(Method::POST, &cancel, Payload::Empty).await;
    assert_eq!(canceled.status, 200);
    while hosted.open(&ids).await > 0 {
        assert!(begun.elapsed() < AT_MOST, "tasks are still held");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(hosted.host.run_timer_now("timer_worker").await);
    }
    assert!(dies.elapsed() > AT_LEAST, "they were given back");
    for id in ids {
        let monitor = hosted.ended(&id).await;
        assert_eq!(
            (&monitor["status"], &monitor["attempts"]),
            (&json!("Succeeded"), &json!(2))
        );
    }
}

impl Hosted {
    /// How many of these tasks have not ended.
    async fn open(&self, ids: &[String]) -> usize {
        let mut open = 0;
        for id in ids {
            let monitor = super::json(&self.get(&format!("/api/operations/{id}")).await);
            open +=
                usize::from(monitor["status"] == "NotStarted" || monitor["status"] == "Running");
        }
        open
    }
}
