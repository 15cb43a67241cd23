//! The timer's sweep beside a host that brings the messages: it takes none of them.

use functions_host::LogLine;

use super::Hosted;

/// Enough for several sweeps while they are worked off.
const LOAD: usize = 60;

/// Takes a tenth of a second to compute.
const NUMBER: &str = "2000000";

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
    let hosted = Hosted::start_set(&[("WORKER_CONCURRENCY", "2")]).await;
    let first = hosted.submit("1").await;
    hosted.ended(&first).await;
    let mut ids = Vec::new();
    for _ in 0..LOAD {
        ids.push(hosted.submit(NUMBER).await);
    }
    let mut sweeps = 0;
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
    assert!(sweeps > 1);
    let drained = hosted.drained();
    assert!(drained.len() >= sweeps, "{drained:?}");
    for line in drained {
        assert!(line.text.contains(" 0 messages drained"), "{line:?}");
    }
    assert_eq!(hosted.attempts().await, LOAD as u64 + 1);
}
