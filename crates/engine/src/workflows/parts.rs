//! What works on the messages of instances, put together. What it does is in the files beside this one.

use std::sync::Arc;

use super::under_way::{Adds, Locks, UnderWay};
use crate::records::kept_key::KeptKey;
use crate::tasks::service::Tasks;
use crate::worker::Worker;
use ports::{Tallies, TaskStore};

/// The name of the document with the key of codes, which is no task's.
const CODES_KEY: &str = "codes-key";

/// What works on the messages of instances, and answers for them.
#[derive(Clone)]
pub struct Workflows {
    pub(super) parts: Arc<Parts>,
}

/// What that takes.
pub(super) struct Parts {
    pub(super) worker: Arc<Worker>,
    pub(super) tasks: Tasks,
    pub(super) store: Arc<dyn TaskStore>,
    pub(super) tallies: Arc<dyn Tallies>,
    pub(super) locks: Locks,
    pub(super) under_way: UnderWay,
    pub(super) adds: Adds,
    pub(super) codes: KeptKey,
}

impl Workflows {
    pub(crate) fn new(
        worker: Arc<Worker>,
        tasks: Tasks,
        store: Arc<dyn TaskStore>,
        tallies: Arc<dyn Tallies>,
    ) -> Self {
        Self {
            parts: Arc::new(Parts {
                worker,
                tasks,
                store,
                tallies,
                locks: Locks::default(),
                under_way: UnderWay::default(),
                adds: Adds::default(),
                codes: KeptKey::new(CODES_KEY),
            }),
        }
    }

    pub(super) fn worker(&self) -> &Worker {
        &self.parts.worker
    }
}
