//! More clients than there is work, or file descriptors.

use std::fs;
use std::net::{SocketAddr, TcpStream};

use super::raw::{Raw, status};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::resident::memory;

const CROWD: usize = 10_000;

/// The most memory that the crowd may cost, in KiB: 20 KiB each, twice what it does.
const MOST: usize = CROWD * 20;

fn address(serving: &Serving) -> SocketAddr {
    let base = serving.client.base();
    base.trim_start_matches("http://").parse().unwrap()
}

/// What the process holds of memory, in KiB.
fn resident(serving: &Serving) -> usize {
    memory(serving.handler.id(), "VmRSS") / 1024
}

/// How many connections the process has.
fn sockets(serving: &Serving) -> usize {
    fs::read_dir(format!("/proc/{}/fd", serving.handler.id()))
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

#[tokio::test]
async fn ten_thousand_idle_clients_cost_little_and_hold_up_nobody() {
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(
        limit >= CROWD as u64 + 2_000,
        "this test needs {} file descriptors, and the hard limit is {limit}; raise it: ulimit -Hn",
        CROWD + 2_000
    );
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    serving.client.run(r#"{"number": 24}"#).await;
    let before = resident(&serving);

    let address = address(&serving);
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    eventually("all are connected", async || {
        (sockets(&serving) > CROWD).then_some(())
    })
    .await;
    let id = serving.client.run(r#"{"number": 25}"#).await;
    assert_eq!(serving.client.fetch(&id).await.status, 200);

    let cost = resident(&serving) - before;
    assert!(cost < MOST, "{cost} KiB");
    drop(crowd);
    assert_eq!(serving.stop("TERM").await.code, Some(0));
}

#[tokio::test]
async fn clients_that_wait_hold_nothing_of_their_task() {
    const WAITERS: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), &[("WORKER_CONCURRENCY", "1")]);
    // A minute's work, so that what follows waits.
    for _ in 0..100 {
        serving.client.accepted(r#"{"number": 10000000}"#).await;
    }
    let input = format!(r#"{{{}"number": 24}}"#, " ".repeat(2_000_000));
    let body = format!(r#"{{"kind": "fibonacci", "input": {input}}}"#);
    let id = serving.client.accepted(body).await;
    let before = resident(&serving);

    let request = format!("GET /api/tasks/{id} HTTP/1.1\r\nHost: x\r\nPrefer: wait=100\r\n\r\n");
    let mut waiting = Vec::new();
    for count in 1..=WAITERS {
        let mut client = Raw::connect(address(&serving));
        client.send(&request);
        waiting.push(client);
        // One after the other: the record is in memory for a moment while it is looked at.
        eventually("the client waits", async || {
            let metrics = serving.client.get_keyed("/api/metrics").await;
            let gauge = format!("waiting_clients {count}\n");
            metrics.text().contains(&gauge).then_some(())
        })
        .await;
    }

    let cost = resident(&serving).saturating_sub(before);
    assert!(cost < WAITERS * 1000, "{cost} KiB");
}

#[tokio::test]
async fn a_flood_of_clients_leaves_storage_its_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_after("ulimit -n 64", folder.path());
    let id = serving.client.run(r#"{"number": 24}"#).await;

    let flood: Vec<TcpStream> = (0..400)
        .map(|_| TcpStream::connect(address(&serving)).unwrap())
        .collect();
    // The connection it has is enough for what follows.
    for _ in 0..10 {
        assert_eq!(serving.client.get("/api/health").await.status, 200);
        serving.client.run(r#"{"number": 24}"#).await;
    }
    drop(flood);

    let mut other = Raw::connect(address(&serving));
    let request = format!("GET /api/tasks/{id} HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(status(&other.send(request).reply()), "200");
    let ended = serving.stop("TERM").await;
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stdout.contains(" ERROR "), "{}", ended.stdout);
}
