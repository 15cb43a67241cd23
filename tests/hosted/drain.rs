//! The timer's sweep beside a host that brings the messages: it takes none of them.

use functions_host::{LogLine, Payload};
use hyper::Method;

use super::Hosted;
use crate::helpers::eventually::eventually;

/// More than the host holds at a time.
const LOAD: usize = 60;

/// Takes a tenth of a second to compute.
const NUMBER: &str = "2000000";

/// Takes longer than several sweeps, and is canceled.
const LONG: &str = "200000000";

/// Sweeps at the least, while each slot has a long task.
const SWEEPS: usize = 3;

impl Hosted {
    /// How many attempts there were, however they came out.
    async fn attempts(&self) -> u64 {
        let metrics = self.get("/api/metrics").await.body;
        let text = String::from_utf8_lossy(&metrics).into_owned();
        let counts = text
            .lines()
            .filter(|line| line.starts_with("attempts_total{"))
            .filter_map(|line| line.rsplit_once(' '));
        counts.map(|(_, count)| count.parse::<u64>().unwrap()).sum()
    }

    /// What the sweeps have said of the queue.
    fn drained(&self) -> Vec<LogLine> {
        let mut lines = self.host.logs().entries();
        lines.retain(|line| line.text.contains("messages drained"));
        lines
    }
}

#[tokio::test]
async fn under_load_a_sweep_leaves_the_messages_to_the_host_and_none_runs_twice() {
    let hosted = Hosted::start_set(&[("WORKER_CONCURRENCY", "2"), ("MAX_NUMBER", LONG)]).await;
    let longs = [hosted.submit(LONG).await, hosted.submit(LONG).await];
    for long in &longs {
        hosted.once(long, |status| status == "Running").await;
    }
    let mut ids = Vec::new();
    for _ in 0..LOAD {
        ids.push(hosted.submit(NUMBER).await);
    }
    let mut sweeps = 0;
    while sweeps < SWEEPS {
        assert!(hosted.host.run_timer_now("timer_worker").await);
        sweeps += 1;
    }
    for long in &longs {
        let cancel = format!("/api/operations/{long}:cancel");
        let canceled = hosted.send(Method::POST, &cancel, Payload::Empty).await;
        assert_eq!(canceled.status, 200);
    }
    while hosted.queue.length().await.unwrap() > 0 {
        assert!(hosted.host.run_timer_now("timer_worker").await);
        sweeps += 1;
    }
    for id in ids {
        let monitor = hosted.ended(&id).await;
        assert_eq!(
            (&monitor["status"], &monitor["attempts"]),
            (&"Succeeded".into(), &1.into())
        );
    }
    let drained = eventually("every sweep is in the log", async || {
        Some(hosted.drained()).filter(|drained| drained.len() >= sweeps)
    })
    .await;
    for line in drained {
        assert!(line.text.contains(" 0 messages drained"), "{line:?}");
    }
    assert_eq!(hosted.attempts().await, (LOAD + longs.len()) as u64);
}
