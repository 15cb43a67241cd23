//! What this process has done so far, counted, and told in the Prometheus text format (0.0.4).

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::Mutex;
use std::time::Duration;

use super::attempt::Took;
use super::maintenance::Swept;
use super::service::lock;
use super::task::TaskStatus;

/// Counters of this process, from its start.
#[derive(Default)]
pub struct Metrics {
    ended: Mutex<BTreeMap<(&'static str, &'static str), Ended>>,
    swept: Mutex<Swept>,
}

/// The upper bounds of the duration histogram, in seconds: from a small number to a large one.
const BOUNDS: [f64; 8] = [0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 300.0, 1800.0];

#[derive(Clone, Copy, Default)]
struct Ended {
    count: u64,
    attempts: u64,
    work: Histogram,
    wait: Histogram,
}

#[derive(Clone, Copy, Default)]
struct Histogram {
    count: u64,
    seconds: f64,
    /// How many took at most as long as the bound.
    within: [u64; BOUNDS.len()],
}

impl Histogram {
    fn add(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.count += 1;
        self.seconds += seconds;
        for (bound, within) in BOUNDS.iter().zip(&mut self.within) {
            *within += u64::from(seconds <= *bound);
        }
    }
}

/// What is true at the moment of asking.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Messages in the queue, hidden ones included.
    pub queue_length: u64,
    /// How long ago the next message was sent.
    pub oldest_message: Option<Duration>,
    /// Clients that wait for a task to end.
    pub waiters: usize,
    /// What was asked of storage so far.
    pub operations: BTreeMap<&'static str, u64>,
}

impl Metrics {
    /// Counts a task that this process brought to a terminal status: the attempts it had, and how
    /// long the last one took, if that is what ended it.
    pub fn task_ended(
        &self,
        kind: &'static str,
        status: TaskStatus,
        attempts: u32,
        took: Option<Took>,
    ) {
        let mut ended = lock(&self.ended);
        let entry = ended.entry((kind, status.as_str())).or_default();
        entry.count += 1;
        entry.attempts += u64::from(attempts);
        if let Some(Took { wait, work }) = took {
            entry.work.add(work);
            entry.wait.add(wait);
        }
    }

    /// Counts what a sweep did; what it left is what the last one says.
    pub(super) fn swept(&self, pass: &Swept) {
        let mut swept = lock(&self.swept);
        swept.buried += pass.buried;
        swept.rescued += pass.rescued;
        swept.pruned += pass.pruned;
        swept.nameless = pass.nameless;
    }

    /// The text that Prometheus reads.
    pub fn to_prometheus(&self, gauges: &Gauges) -> String {
        let ended = lock(&self.ended).clone();
        let labels = |(kind, status): &(&str, &str)| format!("kind=\"{kind}\",status=\"{status}\"");
        let mut text = Text::default();

        text.family(
            "tasks_ended_total",
            "counter",
            "Tasks this process brought to a terminal status.",
        );
        for (key, entry) in &ended {
            text.sample("tasks_ended_total", &labels(key), entry.count);
        }
        text.family(
            "task_attempts_total",
            "counter",
            "Attempts these tasks had.",
        );
        for (key, entry) in &ended {
            text.sample("task_attempts_total", &labels(key), entry.attempts);
        }
        let duration = "How long the work of these tasks took, in their last attempts.";
        let wait = "How long it waited for a slot before that, in the process that did it.";
        let (name, family) = ("task_duration_seconds", "histogram");
        text.family(name, family, duration);
        for (key, entry) in &ended {
            text.histogram(name, &labels(key), &entry.work);
        }
        let name = "task_wait_seconds";
        text.family(name, family, wait);
        for (key, entry) in &ended {
            text.histogram(name, &labels(key), &entry.wait);
        }
        let swept = *lock(&self.swept);
        for (name, value, help) in [
            (
                "sweep_buried_total",
                swept.buried,
                "Poisoned messages that sweeps turned into failed tasks.",
            ),
            (
                "sweep_rescued_total",
                swept.rescued,
                "Tasks that had lost their message and were sent again, or failed.",
            ),
            (
                "sweep_pruned_total",
                swept.pruned,
                "Records that sweeps deleted when their retention had ended.",
            ),
        ] {
            text.family(name, "counter", help);
            text.sample(name, "", value);
        }
        text.family(
            "poison_messages",
            "gauge",
            "Messages in the poison queue that name no task, at the last sweep.",
        );
        text.sample("poison_messages", "", swept.nameless);
        text.family(
            "storage_operations_total",
            "counter",
            "Operations asked of storage by this process.",
        );
        for (operation, count) in &gauges.operations {
            text.sample(
                "storage_operations_total",
                &format!("operation=\"{operation}\""),
                count,
            );
        }
        text.family(
            "queue_messages",
            "gauge",
            "Messages in the queue, hidden ones included; approximate.",
        );
        text.sample("queue_messages", "", gauges.queue_length);
        text.family(
            "queue_oldest_message_seconds",
            "gauge",
            "How long ago the next message was sent; 0 without one.",
        );
        text.sample(
            "queue_oldest_message_seconds",
            "",
            gauges.oldest_message.unwrap_or_default().as_secs_f64(),
        );
        text.family(
            "waiting_clients",
            "gauge",
            "Clients that wait for a task to end.",
        );
        text.sample("waiting_clients", "", gauges.waiters);
        text.0
    }
}

/// The exposition format. Writing to a string cannot fail.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn histogram(&mut self, name: &str, labels: &str, histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        let Histogram {
            count,
            seconds,
            within,
        } = histogram;
        for (bound, within) in BOUNDS.iter().zip(within) {
            self.sample(&bucket, &format!("{labels},le=\"{bound}\""), within);
        }
        self.sample(&bucket, &format!("{labels},le=\"+Inf\""), count);
        self.sample(&format!("{name}_sum"), labels, seconds);
        self.sample(&format!("{name}_count"), labels, count);
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_buckets() {
        let metrics = Metrics::default();
        for milliseconds in [1, 5, 2_000] {
            let took = Took {
                wait: Duration::from_secs(30),
                work: Duration::from_millis(milliseconds),
            };
            metrics.task_ended("k", TaskStatus::Succeeded, 2, Some(took));
        }
        metrics.task_ended("k", TaskStatus::Canceled, 0, None);
        let text = metrics.to_prometheus(&Gauges {
            queue_length: 3,
            oldest_message: Some(Duration::from_millis(1_500)),
            waiters: 1,
            operations: BTreeMap::from([("read_record", 7)]),
        });
        for line in [
            r#"tasks_ended_total{kind="k",status="succeeded"} 3"#,
            r#"task_attempts_total{kind="k",status="succeeded"} 6"#,
            r#"task_duration_seconds_bucket{kind="k",status="succeeded",le="0.001"} 1"#,
            r#"task_duration_seconds_bucket{kind="k",status="succeeded",le="0.01"} 2"#,
            r#"task_duration_seconds_bucket{kind="k",status="succeeded",le="10"} 3"#,
            r#"task_duration_seconds_bucket{kind="k",status="succeeded",le="+Inf"} 3"#,
            r#"task_wait_seconds_bucket{kind="k",status="succeeded",le="10"} 0"#,
            r#"task_wait_seconds_sum{kind="k",status="succeeded"} 90"#,
            r#"tasks_ended_total{kind="k",status="canceled"} 1"#,
            r#"task_duration_seconds_count{kind="k",status="canceled"} 0"#,
            r#"storage_operations_total{operation="read_record"} 7"#,
            "queue_messages 3",
            "queue_oldest_message_seconds 1.5",
            "waiting_clients 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
