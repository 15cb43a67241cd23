//! What a run took.

use std::collections::BTreeMap;

use serde::Serialize;

use super::latencies::Spread;
use super::measured::{Measured, Phases};
use super::storage::Storage;
use super::workload::Mode;

/// The figures of a run. What is unknown of a service that runs already is left out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) storage: Storage,
    pub(crate) mode: Mode,
    pub(crate) tasks: usize,
    pub(crate) concurrency: usize,
    pub(crate) tasks_per_second: f64,
    #[serde(flatten)]
    pub(crate) phases: Option<PhaseTimes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) submit: Option<Spread>,
    /// From the submission to the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Spread>,
    #[serde(flatten)]
    pub(crate) usage: Option<Usage>,
    /// By operation, without what polls, the checks of this tool and the sweep at the start ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operations_per_task: Option<BTreeMap<String, f64>>,
    pub(crate) polls: u64,
    pub(crate) errors: u64,
}

/// With phases.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct PhaseTimes {
    pub(crate) submits_per_second: f64,
    pub(crate) submitting_s: f64,
    pub(crate) draining_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fetching_s: Option<f64>,
}

/// What the handler's process took, the Functions host's double not included.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Usage {
    pub(crate) start_ms: f64,
    pub(crate) cpu_s_per_10000_tasks: f64,
    pub(crate) idle_memory_kib: u64,
    /// Of the process's whole life.
    pub(crate) peak_memory_kib: u64,
}

impl Report {
    /// All calls to storage of one task.
    pub(crate) fn operations(&self) -> Option<f64> {
        Some(self.operations_per_task.as_ref()?.values().sum())
    }
}

impl PhaseTimes {
    pub(crate) fn of(phases: Phases, tasks: usize) -> Self {
        Self {
            submits_per_second: tasks as f64 / phases.submitting.as_secs_f64(),
            submitting_s: phases.submitting.as_secs_f64(),
            draining_s: phases.draining.as_secs_f64(),
            fetching_s: phases.fetching.map(|time| time.as_secs_f64()),
        }
    }
}

/// The calls of one task, from those of a whole run.
pub(crate) fn per_task(
    operations: BTreeMap<String, f64>,
    measured: &Measured,
    tasks: usize,
) -> BTreeMap<String, f64> {
    let own = operations.into_iter().map(|(operation, calls)| {
        let calls = match operation.as_str() {
            "read_record" => calls - measured.polls as f64,
            "count_messages" | "peek_message" | "check_store" => 0.0,
            _ => calls,
        };
        (operation, calls / tasks as f64)
    });
    own.filter(|(_, calls)| *calls > 0.0).collect()
}
