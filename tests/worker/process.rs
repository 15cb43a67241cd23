//! A process of the service, taken apart: what it makes of some storage, and shares with no other.

use std::sync::Arc;

use async_request_reply::backends::Counts;
use async_request_reply::ports::{Clock, Queue, TaskStore};
use async_request_reply::tasks::{Attempts, Consumer, Maintenance, Records, Shared, Tasks, Worker};
use tokio_util::sync::CancellationToken;

use super::pruning::RETENTION;
use crate::helpers::kinds::TestKinds;

/// What processes share.
#[derive(Clone)]
pub(super) struct Storage {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) store: Arc<dyn TaskStore>,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) poison_queue: Arc<dyn Queue>,
}

/// One of them.
pub(super) struct Process {
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: Tasks,
    pub(super) consumer: Consumer,
    pub(super) maintenance: Maintenance,
    /// Tells the attempts to stop.
    pub(super) stop: CancellationToken,
}

impl Storage {
    /// A process that computes so many attempts side by side.
    pub(super) fn process(
        &self,
        kinds: &TestKinds,
        slots: usize,
        has_other_workers: bool,
    ) -> Process {
        let Self {
            clock,
            store,
            queue,
            poison_queue,
        } = self.clone();
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared::new(
            kinds.registry(1_000),
            clock.clone(),
            Arc::new(Counts::default()),
            None,
            slots,
            has_other_workers,
        ));
        let records = Records::new(store.clone(), clock);
        let attempts = Attempts::new(slots, stop.clone());
        let worker = Worker::new(records, shared.clone(), attempts);
        let consumer = Consumer::new(queue.clone(), poison_queue, worker);
        Process {
            maintenance: Maintenance::new(
                store.clone(),
                queue.clone(),
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
    pub(super) fn ended(&self) -> u64 {
        ended(&self.shared)
    }
}

pub(super) fn ended(shared: &Shared) -> u64 {
    let metrics = shared.metrics.to_prometheus(&Default::default());
    metrics
        .lines()
        .filter(|line| line.starts_with("tasks_ended_total{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}
