//! The engine, put together: the one place that knows all its parts, for the service as for its tests.
//! Each part gets what it needs, and no more.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::local::backlog::Backlog;
use crate::local::endings::Endings;
use crate::local::metrics::Metrics;
use crate::local::stop::Stop;
use crate::queue::TaskQueue;
use crate::records::Records;
use crate::settings::Settings;
use crate::sweep::Maintenance;
use crate::sweep::rescue::Rescue;
use crate::sweep::walk::Walk;
use crate::tasks::follow_ups::FollowUps;
use crate::tasks::service::{Parts, Tasks};
use crate::worker::Worker;
use crate::worker::attempt::{Attempts, Callers};
use crate::worker::consumer::Consumer;
use crate::worker::slots::Slots;
use ports::{Clock, StorageCalls, TaskStore};
use work::Kinds;
use work::any::ResultLimit;

/// The storage that an engine works on.
#[derive(Clone)]
pub struct Ports {
    /// Where records are, and where new work comes in.
    pub store: Arc<dyn TaskStore>,
    /// What workers take messages from.
    pub queue: TaskQueue,
    /// Counts what is asked of both.
    pub storage_calls: Arc<dyn StorageCalls>,
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
    wake: Arc<Notify>,
}

impl Engine {
    /// A process that has done nothing yet, and begins now by its clock.
    pub fn new(ports: Ports, kinds: Kinds, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let Ports {
            store,
            queue,
            storage_calls,
        } = ports;
        let (kinds, running, stop) = (Arc::new(kinds), Arc::default(), Stop::default());
        let (backlog, wake): (Arc<Backlog>, Arc<Notify>) = Default::default();
        let metrics = Arc::new(Metrics::new(&kinds));
        let attempts = Attempts {
            slots: Arc::new(Slots::new(settings.concurrency, settings.waiting, &kinds)),
            stop: stop.clone(),
            running: Arc::clone(&running),
            metrics: Arc::clone(&metrics),
            result_limit: ResultLimit::bytes(settings.max_result_bytes),
            callers: Callers {
                callbacks: settings.callbacks.clone(),
                clock: Arc::clone(&clock),
            },
        };
        let endings = Endings {
            metrics: Arc::clone(&metrics),
            estimate: Arc::default(),
            waiters: Arc::default(),
        };
        let records = Records::new(Arc::clone(&store), Arc::clone(&clock));
        let tasks = Tasks::new(Parts {
            store: Arc::clone(&store),
            records: records.clone(),
            queue: queue.clone(),
            storage_calls,
            kinds: Arc::clone(&kinds),
            clock: Arc::clone(&clock),
            settings: settings.clone(),
            stop: stop.clone(),
            backlog: Arc::clone(&backlog),
            consumed: Arc::default(),
            endings: endings.clone(),
            running: Arc::clone(&running),
            wake: Arc::clone(&wake),
            list_hints: Arc::default(),
        });
        let worker = Worker {
            records: records.clone(),
            queue: queue.clone(),
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
        let consumer = Consumer::new(Arc::new(worker));
        let rescue = Rescue {
            records,
            queue,
            clock: Arc::clone(&clock),
            has_other_workers: settings.has_other_workers,
            started_at: clock.now(),
            fronts: Arc::default(),
            endings,
            wake: Arc::clone(&wake),
            kinds: Arc::clone(&kinds),
        };
        let walk = Walk {
            store: Arc::clone(&store),
            rescue,
            clock: Arc::clone(&clock),
            position: Arc::default(),
            retention: settings.retention,
            kinds,
        };
        let maintenance = Maintenance::new(
            consumer.clone(),
            walk,
            Arc::clone(&metrics),
            settings.concurrency,
        );
        Self {
            tasks,
            consumer,
            maintenance,
            metrics,
            stop,
            settings,
            wake,
        }
    }

    /// Returns when this process has sent a message since this last returned.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }
}
