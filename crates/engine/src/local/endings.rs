//! The ends of tasks, told to everybody in this process who goes by them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::local::estimate::Estimate;
use crate::local::metrics::{Metrics, Took};
use crate::local::waiters::Waiters;
use crate::model::task::TaskRecord;

/// Who is told.
#[derive(Clone)]
pub(crate) struct Endings {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) estimate: Arc<Estimate>,
    pub(crate) waiters: Arc<Waiters>,
}

impl Endings {
    /// Tells of a task that this process has just ended, and how long its last attempt took, if that is
    /// what ended it.
    pub(crate) fn ended(&self, record: Cow<'_, TaskRecord>, took: Option<Took>) {
        let Self {
            metrics,
            estimate,
            waiters,
        } = self;
        metrics.task_ended(&record.kind, record.status(), record.attempts, took);
        if let Some(kind) = metrics.name(&record.kind) {
            estimate.ended(kind, took.map(|took| took.work));
        }
        waiters.ended(record);
    }
}
