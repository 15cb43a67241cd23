//! The engine, put together: the one place that knows all its parts, for the service as for its tests.
//! Each part gets what it needs, and no more.

use std::sync::Arc;

use crate::local::early::{Early, EarlyMessages, EarlyStarts, Line};
use crate::local::endings::Endings;
use crate::local::metrics::Metrics;
use crate::local::slots::Slots;
use crate::local::stop::Stop;
use crate::queue::TaskQueues;
use crate::records::Records;
use crate::settings::Settings;
use crate::sweep::Maintenance;
use crate::sweep::claims::Claims;
use crate::sweep::orphans::Orphans;
use crate::sweep::rescue::Rescue;
use crate::sweep::walk::Walk;
use crate::tasks::dead_letters::action;
use crate::tasks::dead_letters::bulk::Late;
use crate::tasks::follow_ups::FollowUps;
use crate::tasks::service::{Parts, Tasks};
use crate::worker::Worker;
use crate::worker::attempt::{Attempts, Callers};
use crate::worker::consumer::Consumer;
use crate::worker::files::KindFiles;
use crate::worker::turns::Turns;
use crate::workflows::Workflows;
use ports::{Clock, Files, QueueName, Queues, StorageCalls, Tallies, TaskStore};
use work::any::ResultLimit;
use work::{FileStore, Kinds};

/// The storage that an engine works on.
#[derive(Clone)]
pub struct Ports {
    /// Where records are, and where new work comes in.
    pub store: Arc<dyn TaskStore>,
    /// Where the members of a fan-out say that they have ended.
    pub tallies: Arc<dyn Tallies>,
    /// What workers take messages from.
    pub queues: Arc<dyn Queues>,
    /// The queue of all kinds that have none of their own.
    pub queue: QueueName,
    /// The files of kinds, if there are any.
    pub files: Option<Arc<dyn Files>>,
    /// Counts what is asked of all these.
    pub storage_calls: Arc<dyn StorageCalls>,
}

/// What a process does with tasks: its parts, over some storage. Clones are of the same process.
#[derive(Clone)]
pub struct Engine {
    /// What clients ask for.
    pub tasks: Tasks,
    /// What is asked of instances of workflows beside that.
    pub workflows: Workflows,
    /// What works on messages: one for each queue, that of the main one first.
    pub consumers: Vec<Consumer>,
    /// What sweeps.
    pub maintenance: Maintenance,
    /// What the process has done so far.
    pub metrics: Arc<Metrics>,
    /// How the process is told to stop.
    pub stop: Stop,
    /// What the engine was told.
    pub settings: Settings,
    early: Arc<EarlyStarts>,
}

impl Engine {
    /// A process that has done nothing yet, and begins now by its clock.
    pub fn new(ports: Ports, kinds: Kinds, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let Ports {
            store,
            queues,
            tallies,
            queue,
            files,
            storage_calls,
        } = ports;
        let bulk = Late::default();
        let kinds = bulk.add(kinds);
        let rules = settings.rules.clone().unwrap_or_default();
        let kinds = action::add(kinds, &rules, &bulk);
        let queues = TaskQueues::open(&*queues, queue, &kinds);
        let (kinds, running, stop) = (Arc::new(kinds), Arc::default(), Stop::default());
        let metrics = Arc::new(Metrics::new(&kinds));
        let slots = Arc::new(Slots::new(settings.concurrency, settings.waiting, &kinds));
        let attempts = Attempts {
            slots: Arc::clone(&slots),
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
        let early = Arc::new(EarlyStarts {
            who: settings.early_start,
            kinds: Arc::clone(&kinds),
            slots,
            stop: stop.clone(),
            endings: endings.clone(),
            line: Line::default(),
        });
        let records =
            Records::new(Arc::clone(&store), Arc::clone(&clock)).with_tallies(Arc::clone(&tallies));
        let records = records.with_rules(settings.rules.clone());
        let tasks = Tasks::new(Parts {
            store: Arc::clone(&store),
            records: records.clone(),
            queues: queues.clone(),
            storage_calls,
            kinds: Arc::clone(&kinds),
            clock: Arc::clone(&clock),
            settings: settings.clone(),
            stop: stop.clone(),
            consumed: Arc::default(),
            endings: endings.clone(),
            running: Arc::clone(&running),
            early: Arc::clone(&early),
            list_hints: Arc::default(),
            shared: Arc::default(),
        });
        bulk.set(&tasks);
        let worker = Worker {
            records: records.clone(),
            queues: queues.clone(),
            kinds: Arc::clone(&kinds),
            clock: Arc::clone(&clock),
            has_other_workers: settings.has_other_workers,
            stop: stop.clone(),
            attempts,
            running: Arc::clone(&running),
            endings: endings.clone(),
            early: Arc::clone(&early),
            submitter: Arc::new(FollowUps::new(tasks.clone())),
            files: files.map(|files| Arc::new(KindFiles::new(files)) as Arc<dyn FileStore>),
            notices: Arc::new(tasks.clone()),
        };
        let worker = Arc::new(worker);
        let workflows = Workflows::new(
            Arc::clone(&worker),
            tasks.clone(),
            Arc::clone(&store),
            tallies,
        );
        let turns: Arc<dyn Turns> = Arc::new(workflows.clone());
        let consumers: Vec<_> = queues
            .all()
            .map(|queue| Consumer::new(Arc::clone(&worker), Arc::clone(&turns), Arc::clone(queue)))
            .collect();
        let rescue = Rescue {
            records: records.clone(),
            queues,
            clock: Arc::clone(&clock),
            has_other_workers: settings.has_other_workers,
            started_at: clock.now(),
            fronts: Arc::default(),
            endings,
            kinds: Arc::clone(&kinds),
        };
        let walk = Walk {
            orphans: Orphans::new(Arc::clone(&store), records.clone(), Arc::clone(&clock)),
            claims: Claims {
                store: Arc::clone(&store),
                clock: Arc::clone(&clock),
            },
            store: Arc::clone(&store),
            records,
            rescue,
            clock: Arc::clone(&clock),
            position: Arc::default(),
            retention: settings.retention,
            kinds,
        };
        let maintenance = Maintenance::new(
            consumers.clone(),
            walk,
            tasks.clone(),
            stop.clone(),
            Arc::clone(&metrics),
        );
        Self {
            tasks,
            workflows,
            consumers,
            maintenance,
            metrics,
            stop,
            settings,
            early,
        }
    }

    /// The messages that this process is to hold and to begin itself, for the one loop that works on them;
    /// `None` where there are none. Until somebody has asked for them, there are none either.
    pub fn early_messages(&self) -> Option<EarlyMessages> {
        self.early.messages()
    }

    /// Works on a message that this process holds, as on one that was received.
    pub fn begin(&self, early: Early) -> impl Future<Output = ()> + Send + 'static {
        let is_meant = |consumer: &&Consumer| early.queue() == Some(consumer.queue_name().as_str());
        let consumer = self.consumers.iter().find(is_meant).cloned();
        async move {
            if let Some(consumer) = consumer {
                consumer.begin(early).await;
            }
        }
    }
}
