//! What this process has done so far, counted.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::task::TaskStatus;

/// Counters of this process, from its start.
#[derive(Default)]
pub struct Metrics {
    ended: Mutex<BTreeMap<(String, &'static str), Ended>>,
}

#[derive(Clone, Copy, Default)]
struct Ended {
    count: u64,
    seconds: f64,
}

impl Metrics {
    /// Counts a task that this process brought to a terminal status, and how long its last attempt took.
    pub fn task_ended(&self, kind: &str, status: TaskStatus, duration: Duration) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = ended.entry((kind.to_owned(), status.as_str())).or_default();
        entry.count += 1;
        entry.seconds += duration.as_secs_f64();
    }

    /// The counters in the Prometheus text format, version 0.0.4.
    pub fn to_prometheus(&self, queue_length: u64) -> String {
        let mut text = String::new();
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        text.push_str("# HELP tasks_ended_total Tasks this process brought to a terminal status.\n# TYPE tasks_ended_total counter\n");
        for ((kind, status), entry) in &ended {
            let _ = writeln!(
                text,
                "tasks_ended_total{{kind=\"{kind}\",status=\"{status}\"}} {}",
                entry.count
            );
        }
        text.push_str("# HELP task_attempt_seconds_total Seconds spent in the last attempts of these tasks.\n# TYPE task_attempt_seconds_total counter\n");
        for ((kind, status), entry) in &ended {
            let _ = writeln!(
                text,
                "task_attempt_seconds_total{{kind=\"{kind}\",status=\"{status}\"}} {}",
                entry.seconds
            );
        }
        text.push_str("# HELP queue_messages Messages in the queue, hidden ones included; approximate.\n# TYPE queue_messages gauge\n");
        let _ = writeln!(text, "queue_messages {queue_length}");
        text
    }
}
