//! The process under load: started, watched through `/proc`, asked for its metrics, stopped.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::http::{Connection, HttpError};

/// A handler process, killed when dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(crate) started_in: Duration,
}

impl Service {
    /// Starts the binary that was built with this tool, in standalone mode on a free port, and waits
    /// until it answers.
    pub(crate) async fn start(folder: &Path, settings: &[(&str, &str)]) -> Result<Self, HttpError> {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_handler"))
            .args(["--bind-address", "127.0.0.1:0"])
            .current_dir(folder)
            .env_clear()
            .env("RUST_LOG", "warn,handler=info")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut log = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        log.read_line(&mut line)?;
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split(',').next())
            .ok_or_else(|| format!("the service did not start: {line}"))?
            .parse()?;
        thread::spawn(move || {
            log.lines()
                .map_while(Result::ok)
                .for_each(|line| eprintln!("{line}"))
        });
        let mut service = Self {
            child,
            address,
            started_in: Duration::ZERO,
        };
        let mut connection = Connection::to(address);
        while !connection
            .get("/api/health", &[])
            .await?
            .status
            .is_success()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        service.started_in = begun.elapsed();
        Ok(service)
    }

    /// Processor time it has used, in seconds, as user and as system.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        process_cpu_seconds(self.child.id())
    }

    /// Memory in KiB by its name in `/proc/<pid>/status`: `VmRSS` now, `VmHWM` at its peak.
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or_default()
    }

    /// Its counters by name and labels.
    pub(crate) async fn metrics(&self) -> Result<BTreeMap<String, f64>, HttpError> {
        let answer = Connection::to(self.address)
            .get("/api/metrics", &[])
            .await?;
        let text = String::from_utf8(answer.body.to_vec())?;
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        Ok(samples
            .filter_map(|line| {
                let (name, value) = line.rsplit_once(' ')?;
                Some((name.to_owned(), value.parse().ok()?))
            })
            .collect())
    }

    /// What it has asked of storage so far, by operation.
    pub(crate) async fn storage_operations(&self) -> Result<BTreeMap<String, u64>, HttpError> {
        let metrics = self.metrics().await?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        let operations = metrics.into_iter().filter_map(|(name, value)| {
            let operation = name.strip_prefix("storage_operations_total{operation=\"")?;
            Some((operation.trim_end_matches("\"}").to_owned(), value as u64))
        });
        Ok(operations.collect())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process from `/proc/<pid>/stat`, whose clock ticks are hundredths of a second
/// on every Linux.
pub(crate) fn process_cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold spaces; user and system time are the 14th and 15th field.
    let fields = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest)
        .unwrap_or_default();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}
