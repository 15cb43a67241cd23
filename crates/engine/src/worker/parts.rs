//! The worker, and what it works with. What it does is in the files beside this one.

use std::sync::Arc;

use crate::local::early::EarlyStarts;
use crate::local::endings::Endings;
use crate::local::notices::Notices;
use crate::local::running::Running;
use crate::local::stop::Stop;
use crate::queue::TaskQueues;
use crate::records::Records;
use crate::worker::attempt::Attempts;
use ports::Clock;
use work::{FileStore, Kinds, Submitter};

/// Runs attempts.
pub(crate) struct Worker {
    pub(crate) records: Records,
    pub(crate) queues: TaskQueues,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) has_other_workers: bool,
    pub(crate) stop: Stop,
    pub(crate) attempts: Attempts,
    pub(crate) running: Arc<Running>,
    pub(crate) endings: Endings,
    pub(crate) early: Arc<EarlyStarts>,
    pub(crate) submitter: Arc<dyn Submitter>,
    pub(crate) files: Option<Arc<dyn FileStore>>,
    pub(crate) notices: Arc<dyn Notices>,
}
