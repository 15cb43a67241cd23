//! What this process has done so far, counted, and told in the Prometheus text format.
//!
//! Every known kind, the engine's own included, is there from the start, at 0: a series that begins with its first
//! failure hides that one from `increase()`. Counting takes no lock.

mod histogram;
mod labels;
pub(crate) mod queues;
pub(crate) mod seen;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use self::histogram::Histogram;
pub(crate) use self::labels::{CameOut, Started, Waited};
use self::queues::QueueGauges;
use crate::local::swept::Swept;
use crate::local::sync::{Mutex, lock};
use crate::model::task::TaskStatus;
use crate::prometheus::Exposition;
use work::{KindName, Kinds};

/// Counters of this process, from its start.
pub struct Metrics {
    kinds: BTreeMap<KindName, OfKind>,
    /// A kind nobody registered could be any text, and each would be a time series of its own.
    unknown: OfKind,
    waits: [AtomicU64; Waited::ALL.len()],
    swept: Mutex<Swept>,
}

/// The statuses in which a task ends.
const ENDS: [TaskStatus; 3] = [
    TaskStatus::Succeeded,
    TaskStatus::Failed,
    TaskStatus::Canceled,
];

/// How long an attempt took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// From the delivery to a free slot.
    pub wait: Duration,
    /// The work alone.
    pub work: Duration,
}

/// What is counted for each kind.
#[derive(Default)]
struct OfKind {
    accepted: AtomicU64,
    running: AtomicU64,
    started: [AtomicU64; Started::ALL.len()],
    outcomes: [AtomicU64; CameOut::ALL.len()],
    ended: [Ended; ENDS.len()],
}

#[derive(Default)]
struct Ended {
    /// Also those that no attempt ended.
    count: AtomicU64,
    attempts: AtomicU64,
    work: Histogram,
    wait: Histogram,
}

/// What is true at the moment of asking.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Of each queue, the main one first.
    pub queues: Vec<QueueGauges>,
    /// Clients that wait for a task to end.
    pub waiters: usize,
    /// What was asked of storage so far.
    pub storage_calls: BTreeMap<&'static str, u64>,
}

/// An attempt that computes; dropped when it has ended.
pub(crate) struct Computing<'a>(&'a AtomicU64);

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Metrics {
    /// Nothing has happened yet to any of these kinds.
    pub fn new(kinds: &Kinds) -> Self {
        Self {
            kinds: kinds
                .every()
                .map(|kind| (kind.name.clone(), OfKind::default()))
                .collect(),
            unknown: OfKind::default(),
            waits: Default::default(),
            swept: Mutex::default(),
        }
    }

    /// The registered name that is equal to this one.
    pub(crate) fn name(&self, kind: &str) -> Option<&KindName> {
        self.kinds.get_key_value(kind).map(|(name, _)| name)
    }

    fn of(&self, kind: &str) -> &OfKind {
        self.kinds.get(kind).unwrap_or(&self.unknown)
    }

    fn each_kind(&self) -> impl Iterator<Item = (&str, &OfKind)> {
        let known = self.kinds.iter().map(|(name, of)| (name.as_str(), of));
        known.chain([(KindName::UNKNOWN, &self.unknown)])
    }

    /// Counts a submission that got in.
    pub(crate) fn accepted(&self, kind: &str) {
        self.of(kind).accepted.fetch_add(1, Relaxed);
    }

    /// Counts an attempt that begins, and that it computes until what this gives is dropped.
    pub(crate) fn attempt_begins(&self, kind: &str, started: Started) -> Computing<'_> {
        let OfKind {
            started: counts,
            running,
            ..
        } = self.of(kind);
        counts[started as usize].fetch_add(1, Relaxed);
        running.fetch_add(1, Relaxed);
        Computing(running)
    }

    /// Counts how an attempt came out.
    pub(crate) fn attempt_ended(&self, kind: &str, came_out: CameOut) {
        self.of(kind).outcomes[came_out as usize].fetch_add(1, Relaxed);
    }

    /// Counts a task that this process brought to a terminal status: the attempts it had, and how
    /// long the last one took, if that is what ended it.
    pub fn task_ended(&self, kind: &str, status: TaskStatus, attempts: u32, took: Option<Took>) {
        let ended = ENDS.iter().zip(&self.of(kind).ended);
        for (_, ended) in ended.filter(|(end, _)| **end == status) {
            ended.count.fetch_add(1, Relaxed);
            ended.attempts.fetch_add(attempts.into(), Relaxed);
            if let Some(Took { wait, work }) = took {
                ended.work.observe(work);
                ended.wait.observe(wait);
            }
        }
    }

    /// Counts how a client's wait came out.
    pub(crate) fn waited(&self, waited: Waited) {
        self.waits[waited as usize].fetch_add(1, Relaxed);
    }

    /// Counts what a sweep did. What is left is what the last one says that saw all queues.
    pub(crate) fn swept(&self, pass: &Swept, saw_all_queues: bool) {
        let mut swept = lock(&self.swept);
        swept.buried += pass.buried;
        swept.rescued += pass.rescued;
        swept.pruned += pass.pruned;
        swept.kept += pass.kept;
        if saw_all_queues {
            swept.staying = pass.staying;
        }
    }

    /// The text that Prometheus reads.
    pub fn to_prometheus(&self, gauges: &Gauges) -> String {
        let mut text = Exposition::default();
        self.write_tasks(&mut text);
        self.write_sweeps(&mut text);
        let (name, help) = (
            "storage_operations_total",
            "Operations asked of storage by this process.",
        );
        text.family(name, "counter", help);
        for (operation, count) in &gauges.storage_calls {
            text.sample(name, &format!("operation=\"{operation}\""), count);
        }
        queues::write(&mut text, &gauges.queues);
        text.single(
            "waiting_clients",
            "gauge",
            "Clients that wait for a task to end.",
            gauges.waiters,
        );
        let (name, help) = (
            "waits_total",
            "Waits for a task to end that came to an end.",
        );
        text.family(name, "counter", help);
        for (waited, count) in Waited::ALL.into_iter().zip(&self.waits) {
            let label = format!("outcome=\"{}\"", waited.as_str());
            text.sample(name, &label, count.load(Relaxed));
        }
        text.into_text()
    }

    fn write_tasks(&self, text: &mut Exposition) {
        let (name, help) = ("tasks_accepted_total", "Submissions that got in here.");
        text.family(name, "counter", help);
        for (kind, of) in self.each_kind() {
            let label = format!("kind=\"{kind}\"");
            text.sample(name, &label, of.accepted.load(Relaxed));
        }
        let (name, help) = ("attempts_running", "Attempts that compute now.");
        text.family(name, "gauge", help);
        for (kind, of) in self.each_kind() {
            let label = format!("kind=\"{kind}\"");
            text.sample(name, &label, of.running.load(Relaxed));
        }
        let (name, help) = (
            "attempts_started_total",
            "Attempts by where they began: where the task was accepted, or from the queue.",
        );
        text.family(name, "counter", help);
        for (kind, of) in self.each_kind() {
            for (started, count) in Started::ALL.into_iter().zip(&of.started) {
                let labels = format!("kind=\"{kind}\",started=\"{}\"", started.as_str());
                text.sample(name, &labels, count.load(Relaxed));
            }
        }
        let (name, help) = (
            "attempts_total",
            "Attempts by how they came out; a failed one may be followed by another.",
        );
        text.family(name, "counter", help);
        for (kind, of) in self.each_kind() {
            for (outcome, count) in CameOut::ALL.into_iter().zip(&of.outcomes) {
                let labels = format!("kind=\"{kind}\",outcome=\"{}\"", outcome.as_str());
                text.sample(name, &labels, count.load(Relaxed));
            }
        }
        let (name, help) = (
            "tasks_ended_total",
            "Tasks this process brought to a terminal status.",
        );
        text.family(name, "counter", help);
        self.each_end(|labels, ended| text.sample(name, labels, ended.count.load(Relaxed)));
        let (name, help) = ("task_attempts_total", "Attempts these tasks had.");
        text.family(name, "counter", help);
        self.each_end(|labels, ended| text.sample(name, labels, ended.attempts.load(Relaxed)));
        let (name, help) = (
            "task_duration_seconds",
            "How long the work of these tasks took, in their last attempts.",
        );
        text.family(name, "histogram", help);
        self.each_end(|labels, ended| ended.work.write(text, name, labels));
        let (name, help) = (
            "task_wait_seconds",
            "How long it waited for a slot before that, in the process that did it.",
        );
        text.family(name, "histogram", help);
        self.each_end(|labels, ended| ended.wait.write(text, name, labels));
    }

    fn each_end(&self, mut write: impl FnMut(&str, &Ended)) {
        for (kind, of) in self.each_kind() {
            for (status, ended) in ENDS.iter().zip(&of.ended) {
                let labels = format!("kind=\"{kind}\",status=\"{}\"", status.as_str());
                write(&labels, ended);
            }
        }
    }

    fn write_sweeps(&self, text: &mut Exposition) {
        let swept = *lock(&self.swept);
        for (name, value, help) in [
            (
                "sweep_buried_total",
                swept.buried,
                "Poisoned messages that sweeps turned into failed tasks.",
            ),
            (
                "sweep_kept_total",
                swept.kept,
                "Poisoned messages without a task that sweeps put among the dead letters.",
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
            text.single(name, "counter", help, value);
        }
        text.single(
            "poison_messages",
            "gauge",
            "Messages in the poison queues whose tasks cannot be read, at the last sweep.",
            swept.staying,
        );
    }
}

#[cfg(test)]
mod tests;
