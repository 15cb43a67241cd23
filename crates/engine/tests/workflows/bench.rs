//! An engine over a store in a folder of its own, and a loop that works on what is in its queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backends::embedded::Embedded;
use backends::{Counted, Counts, SystemClock};
use engine::{
    Controlled, EarlyStart, Engine, NewEvent, Operated, Ports, Settings, Submission, TaskId,
    TaskRecord, TaskState,
};
use futures_util::future::join_all;
use ports::{Queue, QueueName, Queues, Tallies, TaskStore};
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use work::Kinds;

use super::dying::{Death, Dying, DyingStore};

/// How long an instance may take in a test.
pub const PATIENCE: Duration = Duration::from_secs(180);

pub struct Bench {
    pub engine: Engine,
    pub store: Arc<dyn TaskStore>,
    pub messages: Arc<dyn Queue>,
    _folder: Arc<TempDir>,
}

fn settings() -> Settings {
    Settings {
        concurrency: 4,
        waiting: 64,
        max_result_bytes: 8 * 1024 * 1024,
        max_queue_length: None,
        has_other_workers: false,
        early_start: EarlyStart::Off,
        retention: Duration::from_secs(3_600),
        callbacks: None,
        rules: None,
    }
}

impl Bench {
    pub fn new(kinds: Kinds) -> Self {
        Self::over(&Arc::new(TempDir::new().unwrap()), kinds)
    }

    /// Another process over the same folder; the one before is gone.
    pub fn restarted(self, kinds: Kinds) -> Self {
        let folder = Arc::clone(&self._folder);
        drop(self);
        Self::over(&folder, kinds)
    }

    /// The same, in a process that dies.
    pub fn dying(self, kinds: Kinds, death: &Death, is_stepwise: bool) -> Self {
        let folder = Arc::clone(&self._folder);
        drop(self);
        Self::dies(&folder, kinds, death, is_stepwise)
    }

    fn over(folder: &Arc<TempDir>, kinds: Kinds) -> Self {
        Self::dies(folder, kinds, &Death::never(), false)
    }

    fn dies(folder: &Arc<TempDir>, kinds: Kinds, death: &Death, is_stepwise: bool) -> Self {
        let clock = Arc::new(SystemClock);
        let counts = Arc::new(Counts::default());
        let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
        let store: Arc<dyn TaskStore> = Arc::new(Counted::new(embedded.tasks(), &counts));
        let store: Arc<dyn TaskStore> = Arc::new(DyingStore(Dying {
            inner: store,
            death: death.clone(),
            is_stepwise,
        }));
        let queues: Arc<dyn Queues> = Arc::new(embedded.clone());
        let queues: Arc<dyn Queues> = Arc::new(Dying {
            inner: queues,
            death: death.clone(),
            is_stepwise,
        });
        let tallies: Arc<dyn Tallies> = Arc::new(Dying {
            inner: embedded.tallies(),
            death: death.clone(),
            is_stepwise,
        });
        let queue = QueueName::try_from("tasks").unwrap();
        let ports = Ports {
            store: Arc::clone(&store),
            tallies,
            queues: Arc::clone(&queues),
            queue: queue.clone(),
            files: None,
            storage_calls: counts,
        };
        let kinds = kinds.checked().ok().unwrap();
        Self {
            engine: Engine::new(ports, kinds, clock, settings()),
            store,
            messages: queues.open(&queue),
            _folder: Arc::clone(folder),
        }
    }

    /// Hands in an instance, or any task.
    pub async fn start(&self, kind: &str, input: impl Serialize) -> TaskId {
        let id = self.engine.tasks.new_id();
        let input = to_raw_value(&input).unwrap();
        let submission = Submission::new(id, kind, input);
        self.engine.tasks.submit(submission).await.unwrap();
        id
    }

    /// Works on what is in the queue now, side by side; says how many messages that were.
    pub async fn work(&self) -> usize {
        let consumer = &self.engine.consumers[0];
        let page = consumer.receive(32).await.unwrap();
        let count = page.len();
        join_all(page.into_iter().map(|one| consumer.process(one))).await;
        count
    }

    /// Works until nothing is visible in the queue.
    pub async fn settle(&self) {
        while self.work().await > 0 {}
    }

    /// The same, until the process dies.
    pub async fn settle_unless(&self, dead: &CancellationToken) {
        tokio::select! {
            () = dead.cancelled() => {}
            () = self.settle() => {}
        }
    }

    pub async fn record(&self, id: TaskId) -> TaskRecord {
        let task = self.engine.tasks.find(id).await.unwrap();
        task.expect("there is such a task").record
    }

    /// Works until a task has ended.
    pub async fn ended(&self, id: TaskId) -> TaskRecord {
        let begun = Instant::now();
        loop {
            let record = self.record(id).await;
            if record.status().is_terminal() {
                return record;
            }
            let history = self.engine.workflows.history(id).await;
            assert!(begun.elapsed() < PATIENCE, "{record:#?} {history:#?}");
            if self.work().await == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Its result, as JSON.
    pub async fn result(&self, id: TaskId) -> String {
        match self.ended(id).await.state {
            TaskState::Succeeded { result } => result.get().to_owned(),
            state => panic!("{state:?}"),
        }
    }

    /// The code and the message of its failure.
    pub async fn failure(&self, id: TaskId) -> (String, String) {
        match self.ended(id).await.state {
            TaskState::Failed { error } => (error.code, error.message),
            state => panic!("{state:?}"),
        }
    }

    pub async fn run(&self, kind: &str, input: impl Serialize) -> String {
        let id = self.start(kind, input).await;
        self.result(id).await
    }

    pub async fn raise(&self, id: TaskId, name: &str, data: impl Serialize) {
        let event = NewEvent {
            name: name.to_owned(),
            data: to_raw_value(&data).unwrap(),
        };
        let raised = self.engine.workflows.raise(id, event).await.unwrap();
        assert!(matches!(raised, Controlled::Done(_)), "{raised:?}");
    }

    pub async fn cancel(&self, id: TaskId) {
        let canceled = self.engine.tasks.cancel(id).await.unwrap();
        assert!(matches!(canceled, Operated::Done(_)), "{canceled:?}");
    }

    /// What a client sees of an instance's own status.
    pub async fn custom_status(&self, id: TaskId) -> Option<String> {
        let instance = self.record(id).await.instance?;
        let status: Option<Box<RawValue>> = instance.custom_status;
        status.map(|status| status.get().to_owned())
    }

    /// Has all sent again that is open of an instance, as a sweep does that has missed its messages.
    pub async fn send_again(&self, id: TaskId) {
        let kind = self.record(id).await.kind;
        let message = json!({"id": id.to_string(), "kind": kind, "cause": {"for": "everything"}});
        let text = message.to_string();
        self.messages.send(&text, Duration::ZERO).await.unwrap();
    }

    /// How many messages there are.
    pub async fn messages(&self) -> u64 {
        self.messages.length().await.unwrap().unwrap_or_default()
    }
}
