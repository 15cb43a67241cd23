//! A process of the service, taken apart: what it makes of some storage, and shares with no other.

use std::sync::Arc;
use std::time::Duration;

use backends::{Counted, Counts};
use engine::{Callbacks, Consumer, EarlyStart, Engine, Maintenance, Ports, Settings, Tasks};
use ports::{Clock, QueueName, Queues, Secret, Tallies, TaskStore};
use work::Kinds;

use super::kinds::TestKinds;

/// How long a terminal record is kept.
pub(crate) const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What processes share.
#[derive(Clone)]
pub(crate) struct Storage {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) tallies: Arc<dyn Tallies>,
    pub(crate) queues: Arc<dyn Queues>,
    pub(crate) queue: QueueName,
}

/// One of them.
pub(crate) struct Process {
    pub(crate) engine: Engine,
    pub(crate) tasks: Tasks,
    /// Of the main queue.
    pub(crate) consumer: Consumer,
    pub(crate) maintenance: Maintenance,
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
        let settings = Settings {
            max_queue_length,
            ..settings(slots, has_other_workers)
        };
        self.process_with(kinds, settings)
    }

    /// One that was told this.
    pub(crate) fn process_with(&self, kinds: &TestKinds, settings: Settings) -> Process {
        self.process_of(kinds.registry(1_000), settings)
    }

    /// One that knows these kinds.
    pub(crate) fn process_of(&self, kinds: Kinds, settings: Settings) -> Process {
        let Self {
            clock,
            store,
            tallies,
            queues,
            queue,
        } = self.clone();
        let counts = Arc::new(Counts::default());
        let ports = Ports {
            store: Arc::new(Counted::new(store, &counts)),
            tallies: Arc::new(Counted::new(tallies, &counts)),
            queues: Arc::new(Counted::new(queues, &counts)),
            queue,
            files: None,
            storage_calls: counts,
        };
        let engine = Engine::new(ports, kinds, clock, settings);
        Process {
            tasks: engine.tasks.clone(),
            consumer: engine.consumers[0].clone(),
            maintenance: engine.maintenance.clone(),
            engine,
        }
    }
}

impl Process {
    /// How many tasks this process brought to an end.
    pub(crate) fn ended(&self) -> u64 {
        let metrics = self.engine.metrics.to_prometheus(&Default::default());
        metrics
            .lines()
            .filter(|line| line.starts_with("tasks_ended_total{"))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }
}

/// What a process is told that computes so many attempts side by side.
pub(crate) fn settings(slots: usize, has_other_workers: bool) -> Settings {
    Settings {
        callbacks: Callbacks::new(&[Secret::new("the key of all tests")], "http://here"),
        concurrency: slots,
        waiting: 2_000,
        max_result_bytes: 1024 * 1024,
        max_queue_length: None,
        has_other_workers,
        early_start: EarlyStart::Off,
        retention: RETENTION,
        rules: None,
    }
}
