//! A process of the service, taken apart: what it makes of some storage, and shares with no other.

use std::sync::Arc;
use std::time::Duration;

use backends::{Counted, Counts};
use engine::{Attempts, Consumer, Maintenance, Records, Shared, TaskQueue, Tasks, Worker};
use ports::{Clock, Queues, TaskStore};
use tokio_util::sync::CancellationToken;

use super::kinds::TestKinds;
use super::queues;

/// How long a terminal record is kept.
pub(crate) const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What processes share.
#[derive(Clone)]
pub(crate) struct Storage {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) queues: Arc<dyn Queues>,
}

/// One of them.
pub(crate) struct Process {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tasks: Tasks,
    pub(crate) consumer: Consumer,
    pub(crate) maintenance: Maintenance,
    /// Tells the attempts to stop.
    pub(crate) stop: CancellationToken,
}

impl Storage {
    /// A process that computes so many attempts side by side.
    pub(crate) fn process(
        &self,
        kinds: &TestKinds,
        slots: usize,
        has_other_workers: bool,
    ) -> Process {
        self.limited_process(kinds, slots, has_other_workers, None)
    }

    /// One that refuses submissions while so many messages wait.
    pub(crate) fn limited_process(
        &self,
        kinds: &TestKinds,
        slots: usize,
        has_other_workers: bool,
        max_queue_length: Option<u64>,
    ) -> Process {
        let Self {
            clock,
            store,
            queues,
        } = self.clone();
        let stop = CancellationToken::new();
        let counts = Arc::new(Counts::default());
        let store: Arc<dyn TaskStore> = Arc::new(Counted::new(store, &counts));
        let queue = TaskQueue::open(&Counted::new(queues, &counts), queues::tasks());
        let shared = Arc::new(Shared::new(
            kinds.registry(1_000),
            clock.clone(),
            counts,
            max_queue_length,
            slots,
            has_other_workers,
        ));
        let records = Records::new(store.clone(), clock);
        let attempts = Attempts::new(slots, stop.clone());
        let worker = Worker::new(records, queue.clone(), shared.clone(), attempts);
        let consumer = Consumer::new(worker);
        Process {
            maintenance: Maintenance::new(
                store.clone(),
                consumer.clone(),
                shared.clone(),
                RETENTION,
            ),
            tasks: Tasks::new(store, queue, shared.clone()),
            shared,
            consumer,
            stop,
        }
    }
}

impl Process {
    /// How many tasks this process brought to an end.
    pub(crate) fn ended(&self) -> u64 {
        ended(&self.shared)
    }
}

pub(crate) fn ended(shared: &Shared) -> u64 {
    let metrics = shared.metrics.to_prometheus(&Default::default());
    metrics
        .lines()
        .filter(|line| line.starts_with("tasks_ended_total{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}
