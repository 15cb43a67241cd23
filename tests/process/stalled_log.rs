//! A log that nobody reads keeps nobody from being served.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::helpers::client::{Client, KEY};
use crate::helpers::eventually::{DEADLINE, eventually};
use crate::helpers::lines::Lines;

/// Killed when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many lines were dropped, by the metrics.
async fn dropped(client: &Client) -> u64 {
    let metrics = client.get_keyed("/api/metrics").await;
    let mut lines = metrics.text().lines();
    let count = lines.find_map(|line| line.strip_prefix("log_lines_dropped_total "));
    count.unwrap().parse().unwrap()
}

#[tokio::test]
async fn all_are_answered_while_nobody_reads_the_log_and_what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_handler"))
        .args(["--bind-address", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .env("RUST_LOG", "trace")
        .env("API_KEY", KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let mut log = BufReader::new(child.0.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(" on http://") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let (_, rest) = line.split_once(" on http://").unwrap();
    let client = Client::new(rest.split_once(',').unwrap().0.parse().unwrap());

    // From here on nobody reads.
    let mut asked = 0;
    while asked < 2_000 || dropped(&client).await == 0 {
        let tasks = (0..40).map(|_| client.accepted(r#"{"number": 24}"#));
        let answered = timeout(DEADLINE, join_all(tasks)).await;
        assert!(answered.is_ok(), "stuck after {asked} requests");
        let health = timeout(DEADLINE, client.get("/api/health")).await;
        assert_eq!(health.expect("stuck").status, 200);
        asked += 41;
    }

    let lines = Lines::of(log);
    let said = lines.with(" lines of the log were dropped here").await;
    let (_, count) = said.split_once(" WARN  ").unwrap();
    let count: u64 = count.split(' ').next().unwrap().parse().unwrap();
    assert!(count > 0, "{said}");

    let id = child.0.id().to_string();
    let sent = Command::new("kill").args(["-s", "TERM", &id]).status();
    assert!(sent.unwrap().success());
    let status = eventually("the process ends", async || child.0.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(0));
    assert!(lines.rest().ends_with(" INFO  stopped\n"));
}
