//! What came of a run.

use std::time::Duration;

use super::latencies::Latencies;

/// How long a run and its requests took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) wall: Duration,
    pub(crate) phases: Option<Phases>,
    pub(crate) submit: Latencies,
    /// From the submission to the result in the client's hands.
    pub(crate) result: Latencies,
    /// Requests that found no result yet.
    pub(crate) polls: u64,
    pub(crate) errors: u64,
}

/// How long each phase took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phases {
    pub(crate) submitting: Duration,
    /// From then on until all were done.
    pub(crate) draining: Duration,
    pub(crate) fetching: Option<Duration>,
}
