//! What an engine is told once, and goes by as long as it lives.

use std::sync::Arc;
use std::time::Duration;

use crate::local::early::EarlyStart;
use crate::model::callback::Callbacks;
use crate::model::rules::Rules;

/// The settings of an engine.
#[derive(Clone)]
pub struct Settings {
    /// How many attempts compute side by side in this process.
    pub concurrency: usize,
    /// How many attempts wait side by side in this process, for something else than its processors.
    pub waiting: usize,
    /// The largest result, in bytes.
    pub max_result_bytes: usize,
    /// Submissions are refused while so many messages wait; `None`: never.
    pub max_queue_length: Option<u64>,
    /// Whether other processes may work on the same store.
    pub has_other_workers: bool,
    /// Which tasks may begin where they were accepted.
    pub early_start: EarlyStart,
    /// How long terminal records are kept after their last change.
    pub retention: Duration,
    /// Where others may report the end of an attempt, if there is a key to sign that with.
    pub callbacks: Option<Callbacks>,
    /// What is done about dead letters, if there are rules.
    pub rules: Option<Arc<Rules>>,
}
