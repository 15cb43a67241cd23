//! Other processes: killed when dropped, watched through `/proc`.

use std::fs;
use std::process::Child;
use std::time::Duration;

/// A process that does not outlive its owner.
pub(crate) struct Owned(pub(crate) Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A service's process, from its start on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    id: u32,
    /// From the start to the first answer.
    pub(crate) started_in: Duration,
    /// Memory before there was any load.
    pub(crate) idle_memory_kib: u64,
}

impl Process {
    /// One that answers, and has had no load yet.
    pub(crate) fn ready(id: u32, started_in: Duration) -> Self {
        Self {
            id,
            started_in,
            idle_memory_kib: memory_kib(id, "VmRSS"),
        }
    }

    /// Processor time it has used, in seconds, as user and as system.
    pub(crate) fn cpu_seconds(self) -> f64 {
        cpu_seconds(self.id)
    }

    /// The most resident memory it ever had.
    pub(crate) fn peak_memory_kib(self) -> u64 {
        memory_kib(self.id, "VmHWM")
    }
}

/// Processor time of a process from `/proc/<pid>/stat`, whose clock ticks are hundredths of a second
/// on every Linux.
pub(crate) fn cpu_seconds(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
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

/// Memory by its name in `/proc/<pid>/status`: `VmRSS` now, `VmHWM` at its peak.
fn memory_kib(id: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or_default()
}
