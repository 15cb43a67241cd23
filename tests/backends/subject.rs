//! The backend under test, as the suite sees it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use ports::{Intake, Queue, TaskStore};

use crate::helpers::clock::ManualClock;

/// A prepared store and its queues, empty and shared with no other test.
pub(crate) struct Subject {
    pub(crate) tasks: Arc<dyn TaskStore>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) poison_queue: Arc<dyn Queue>,
    pub(crate) time: Time,
    /// What must live as long, such as a temporary folder; dropped last.
    pub(crate) _guard: Box<dyn Any>,
}

/// What the backend's clock is.
pub(crate) enum Time {
    /// Ours.
    Manual(Arc<ManualClock>),
    /// The service's own, which nobody can move: tests wait.
    Real,
}

impl Subject {
    /// Lets time pass.
    pub(crate) async fn pass_time(&self, duration: Duration) {
        match &self.time {
            Time::Manual(clock) => clock.advance(duration),
            Time::Real => tokio::time::sleep(duration).await,
        }
    }
}
