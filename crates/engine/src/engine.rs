//! The engine, put together: the one place that knows all its parts, for the service as for its tests.
//! Each part gets what it needs, and no more.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::local::backlog::Backlog;
use crate::local::consumed::Consumed;
use crate::local::endings::Endings;
use crate::local::metrics::Metrics;
use crate::local::running::Running;
use crate::local::stop::Stop;
use crate::local::sync::Mutex;
use crate::records::Records;
use crate::settings::Settings;
use crate::sweep::Maintenance;
use crate::sweep::rescue::{Fronts, Rescue};
use crate::sweep::walk::{Position, Walk};
use crate::tasks::follow_ups::FollowUps;
use crate::tasks::intake::RecordFirst;
use crate::tasks::listing::descent::Hints;
use crate::tasks::service::{Parts, Tasks};
use crate::worker::Worker;
use crate::worker::attempt::{Attempts, Callers};
use crate::worker::consumer::Consumer;
use crate::worker::slots::Slots;
use ports::{Clock, Intake, Operations, Queue, TaskStore, Timestamp};
use work::Kinds;
use work::any::ResultLimit;

/// The storage that an engine works on.
#[derive(Clone)]
pub struct Ports {
    /// Where records are.
    pub store: Arc<dyn TaskStore>,
    /// Where new work comes in.
    pub intake: Arc<dyn Intake>,
    /// What workers take messages from.
    pub queue: Arc<dyn Queue>,
    /// Where the messages are that nobody can work on.
    pub poison_queue: Arc<dyn Queue>,
    /// Counts what is asked of all of these.
    pub operations: Arc<dyn Operations>,
}

impl Ports {
    /// Over a store and a queue that know nothing of each other.
    pub fn record_first(
        store: Arc<dyn TaskStore>,
        queue: Arc<dyn Queue>,
        poison_queue: Arc<dyn Queue>,
        operations: Arc<dyn Operations>,
    ) -> Self {
        let intake = RecordFirst::new(Arc::clone(&store), Arc::clone(&queue));
        Self {
            store,
            intake: Arc::new(intake),
            queue,
            poison_queue,
            operations,
        }
    }
}

/// What a process does with tasks: its parts, over some storage. Clones are of the same process.
#[derive(Clone)]
pub struct Engine {
    /// What clients ask for.
    pub tasks: Tasks,
    /// What works on messages.
    pub consumer: Consumer,
    /// What sweeps.
    pub maintenance: Maintenance,
    /// What the process has done so far.
    pub metrics: Arc<Metrics>,
    /// How the process is told to stop.
    pub stop: Stop,
    /// What the engine was told.
    pub settings: Settings,
    process: Process,
}

/// What there is one of in a process, however many threads have handles on its storage.
#[derive(Clone)]
struct Process {
    kinds: Arc<Kinds>,
    clock: Arc<dyn Clock>,
    started_at: Timestamp,
    attempts: Attempts,
    running: Arc<Running>,
    backlog: Arc<Backlog>,
    consumed: Arc<Consumed>,
    endings: Endings,
    wake: Arc<Notify>,
    list_hints: Arc<Mutex<Hints>>,
    walk_position: Position,
    fronts: Arc<Mutex<Fronts>>,
}

impl Engine {
    /// A process that has done nothing yet, and begins now by its clock.
    pub fn new(ports: Ports, kinds: Kinds, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let (kinds, running, stop) = (Arc::new(kinds), Arc::default(), Stop::default());
        let metrics = Arc::new(Metrics::new(&kinds));
        let process = Process {
            started_at: clock.now(),
            attempts: Attempts {
                slots: Arc::new(Slots::new(settings.concurrency, settings.waiting, &kinds)),
                stop: stop.clone(),
                running: Arc::clone(&running),
                metrics: Arc::clone(&metrics),
                result_limit: ResultLimit::bytes(settings.max_result_bytes),
                callers: Callers {
                    callbacks: settings.callbacks.clone(),
                    clock: Arc::clone(&clock),
                },
            },
            kinds,
            clock,
            running,
            backlog: Arc::default(),
            consumed: Arc::default(),
            endings: Endings {
                metrics,
                estimate: Arc::default(),
                waiters: Arc::default(),
            },
            wake: Arc::default(),
            list_hints: Arc::default(),
            walk_position: Arc::default(),
            fronts: Arc::default(),
        };
        process.over(ports, settings, stop)
    }

    /// The same process over other handles on its storage: those of another thread.
    #[must_use]
    pub fn over(&self, ports: Ports) -> Self {
        let process = self.process.clone();
        process.over(ports, self.settings.clone(), self.stop.clone())
    }

    /// Returns when this process has sent a message since this last returned.
    pub async fn woken(&self) {
        self.process.wake.notified().await;
    }
}

impl Process {
    fn over(self, ports: Ports, settings: Settings, stop: Stop) -> Engine {
        let Ports {
            store,
            intake,
            queue,
            poison_queue,
            operations,
        } = ports;
        let Self {
            kinds,
            clock,
            started_at,
            attempts,
            running,
            backlog,
            consumed,
            endings,
            wake,
            list_hints,
            walk_position,
            fronts,
        } = self.clone();
        let metrics = Arc::clone(&endings.metrics);
        let records = Records::new(Arc::clone(&store), Arc::clone(&clock));
        let tasks = Tasks::new(Parts {
            store: Arc::clone(&store),
            records: records.clone(),
            queue: Arc::clone(&queue),
            intake,
            operations,
            kinds: Arc::clone(&kinds),
            clock: Arc::clone(&clock),
            settings: settings.clone(),
            stop: stop.clone(),
            backlog: Arc::clone(&backlog),
            consumed,
            endings: endings.clone(),
            running: Arc::clone(&running),
            wake: Arc::clone(&wake),
            list_hints,
        });
        let worker = Worker {
            records: records.clone(),
            kinds: Arc::clone(&kinds),
            clock: Arc::clone(&clock),
            has_other_workers: settings.has_other_workers,
            stop: stop.clone(),
            attempts,
            running: Arc::clone(&running),
            backlog: Arc::clone(&backlog),
            endings: endings.clone(),
            submitter: Arc::new(FollowUps::new(tasks.clone())),
        };
        let consumer = Consumer::new(
            Arc::clone(&queue),
            Arc::clone(&poison_queue),
            Arc::new(worker),
        );
        let rescue = Rescue {
            records,
            queue: Arc::clone(&queue),
            poison_queue,
            clock: Arc::clone(&clock),
            has_other_workers: settings.has_other_workers,
            started_at,
            fronts,
            endings,
            wake,
            kinds: Arc::clone(&kinds),
        };
        let walk = Walk {
            store: Arc::clone(&store),
            rescue,
            clock: Arc::clone(&clock),
            position: walk_position,
            retention: settings.retention,
            kinds,
        };
        let maintenance = Maintenance::new(
            consumer.clone(),
            walk,
            Arc::clone(&metrics),
            settings.concurrency,
        );
        Engine {
            tasks,
            consumer,
            maintenance,
            metrics,
            stop,
            settings,
            process: self,
        }
    }
}
