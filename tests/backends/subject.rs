//! The backend under test, as the suite sees it.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{Queue, QueueName, Queues, Tallies, TaskStore};

use crate::helpers::clock::ManualClock;
use crate::helpers::queues;

/// Longer than a test lasts.
const ASIDE: Duration = Duration::from_secs(3_600);

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
        self.time.pass(duration).await;
    }

    /// Does what must be done before a timeout ends that begins in it and is this long. `None` is that it found the
    /// timeout over: where that may be, it is done once more, with another message.
    pub(crate) async fn within<T>(
        &self,
        timeout: Duration,
        what: impl AsyncFn() -> Option<T>,
    ) -> T {
        loop {
            let begun = Instant::now();
            if let Some(done) = what().await {
                return done;
            }
            self.time.assert_over(begun, timeout);
            // What is visible by now is in nobody's way.
            self.queue.receive(32, ASIDE).await.unwrap();
        }
    }
}

impl Time {
    /// Lets time pass.
    pub(super) async fn pass(&self, duration: Duration) {
        match self {
            Self::Manual(clock) => clock.advance(duration),
            Self::Real => tokio::time::sleep(duration).await,
        }
    }

    /// A timeout of this length that began after `begun` may be over only because the machine was so slow.
    pub(super) fn assert_over(&self, begun: Instant, timeout: Duration) {
        let taken = begun.elapsed();
        assert!(
            matches!(self, Self::Real) && taken >= timeout,
            "over after {taken:?}"
        );
    }
}
