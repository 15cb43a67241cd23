//! The backend under test, as the suite sees it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use ports::{Queue, QueueName, Queues, Tallies, TaskStore};

use crate::helpers::clock::ManualClock;
use crate::helpers::queues;

/// A prepared store and its queues, empty and shared with no other test.
pub(crate) struct Subject {
    pub(crate) tasks: Arc<dyn TaskStore>,
    pub(crate) tallies: Arc<dyn Tallies>,
    pub(crate) queues: Arc<dyn Queues>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) poison_queue: Arc<dyn Queue>,
    /// The name of the queue.
    pub(crate) name: QueueName,
    /// The name of another one, which is not there yet.
    pub(crate) second: QueueName,
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
    /// Over these stores and these queues, whose names begin so.
    pub(crate) async fn prepared(
        (tasks, tallies): (Arc<dyn TaskStore>, Arc<dyn Tallies>),
        queues: Arc<dyn Queues>,
        name: &str,
        time: Time,
        guard: Box<dyn Any>,
    ) -> Self {
        let (name, second) = (queues::name(name), queues::name(&format!("{name}-2")));
        let subject = Self {
            tasks,
            tallies,
            queue: queues.open(&name),
            poison_queue: queues.open_dead_letters(&name),
            queues,
            name,
            second,
            time,
            _guard: guard,
        };
        subject.tasks.prepare().await.unwrap();
        subject.queue.prepare().await.unwrap();
        subject.poison_queue.prepare().await.unwrap();
        subject
    }

    /// Lets time pass.
    pub(crate) async fn pass_time(&self, duration: Duration) {
        match &self.time {
            Time::Manual(clock) => clock.advance(duration),
            Time::Real => tokio::time::sleep(duration).await,
        }
    }
}
