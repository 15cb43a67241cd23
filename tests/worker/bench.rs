//! A worker taken apart on a bench: its storage, its clock, and each step by hand.

use std::sync::Arc;

use backends::embedded::Embedded;
use engine::limits::MAX_ATTEMPTS;
use engine::{
    Consumer, Maintenance, Outcome, Records, Rules, Settings, Submission, TaskId, TaskRecord,
    TaskState, TaskStatus, Tasks,
};
use ports::{Delivery, Queue, TaskStore};
use serde_json::value::RawValue;
use tempfile::TempDir;

use crate::helpers::calls::Calls;
use crate::helpers::clock::ManualClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::{Process, Storage, settings};
use crate::helpers::queues::{self, TestQueues, length};

pub(super) struct Bench {
    pub(super) clock: Arc<ManualClock>,
    /// The storage itself; the process below uses it through `calls`.
    pub(super) store: Arc<dyn TaskStore>,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) poison_queue: Arc<dyn Queue>,
    pub(super) records: Records,
    pub(super) calls: Calls,
    storage: Storage,
    pub(super) process: Process,
    pub(super) tasks: Tasks,
    pub(super) consumer: Consumer,
    pub(super) maintenance: Maintenance,
    pub(super) kinds: TestKinds,
    _folder: TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with_slots(4)
    }

    /// So many attempts compute side by side.
    pub(super) fn with_slots(slots: usize) -> Self {
        Self::with(slots, None)
    }

    /// Submissions are refused while so many messages wait.
    pub(super) fn with_limit(max_queue_length: u64) -> Self {
        Self::with(4, Some(max_queue_length))
    }

    fn with(slots: usize, max_queue_length: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
        let (store, queue) = (embedded.tasks(), embedded.queue());
        let poison_queue = embedded.poison_queue();
        let kinds = TestKinds::default();
        let calls = Calls::default();
        let storage = Storage {
            clock: clock.clone(),
            store: calls.store(store.clone()),
            tallies: calls.tallies(embedded.tallies()),
            queues: calls.queues(Arc::new(embedded.clone())),
            queue: queues::tasks(),
        };
        let process = storage.limited_process(&kinds, slots, false, max_queue_length);
        Self {
            records: Records::new(store.clone(), clock.clone()),
            clock,
            store,
            queue,
            poison_queue,
            calls,
            storage,
            tasks: process.tasks.clone(),
            consumer: process.consumer.clone(),
            maintenance: process.maintenance.clone(),
            process,
            kinds,
            _folder: folder,
        }
    }

    pub(super) async fn submit(&self, kind: &str, input: &str) -> TaskId {
        let submission = self.submission(kind, input);
        self.tasks.submit(submission).await.unwrap().id
    }

    /// What `submit` submits, with an id of its own.
    pub(super) fn submission(&self, kind: &str, input: &str) -> Submission {
        Submission::new(self.tasks.new_id(), kind, json(input))
    }

    /// Another process over the same storage: it shares nothing else.
    pub(super) fn other_process(&self) -> Process {
        self.storage.process(&self.kinds, 1, true)
    }

    /// The same bench with a process that has rules for dead letters.
    pub(super) fn with_rules(rules: Rules) -> Self {
        let mut bench = Self::new();
        let process = bench.ruled_process(rules);
        bench.tasks = process.tasks.clone();
        bench.consumer = process.consumer.clone();
        bench.maintenance = process.maintenance.clone();
        bench.process = process;
        bench
    }

    /// Another process over the same storage, which has these rules.
    pub(super) fn ruled_process(&self, rules: Rules) -> Process {
        self.ruled_process_with(rules, settings(4, true))
    }

    /// The same of one that refuses submissions while one message waits.
    pub(super) fn full_process(&self, rules: Rules) -> Process {
        let settings = Settings {
            max_queue_length: Some(1),
            ..settings(4, true)
        };
        self.ruled_process_with(rules, settings)
    }

    /// The same of one that is told something else beside them.
    pub(super) fn ruled_process_with(&self, rules: Rules, settings: Settings) -> Process {
        let settings = Settings {
            rules: Some(Arc::new(rules)),
            ..settings
        };
        self.storage.process_with(&self.kinds, settings)
    }

    /// The tasks as of a process that has another store.
    pub(super) fn tasks_over(&self, store: Arc<dyn TaskStore>) -> Tasks {
        let storage = Storage {
            store,
            ..self.storage.clone()
        };
        storage.process(&self.kinds, 4, false).tasks
    }

    /// Takes the one message that is visible.
    pub(super) async fn receive(&self) -> Delivery {
        let mut page = self.consumer.receive(32).await.unwrap();
        assert_eq!(page.len(), 1, "one message should be visible");
        page.remove(0)
    }

    /// Delivers the one message that is visible.
    pub(super) async fn deliver(&self) -> Outcome {
        let received = self.receive().await;
        self.consumer.process(received).await
    }

    /// Delivers one message after the other of a task until none follows.
    pub(super) async fn deliver_to_the_end(&self) -> Outcome {
        for _ in 1..MAX_ATTEMPTS {
            match self.deliver().await {
                Outcome::Again { after, .. } => {
                    assert!(self.nothing_is_visible().await);
                    self.clock.advance(after);
                }
                outcome => return outcome,
            }
        }
        self.deliver().await
    }

    pub(super) async fn nothing_is_visible(&self) -> bool {
        self.consumer.receive(1).await.unwrap().is_empty()
    }

    /// Waits until storage has done what it was given to write, by a process that died meanwhile, too: it writes in
    /// turn.
    pub(super) async fn all_is_written(&self) {
        self.store.delete("nothing", None).await.unwrap();
    }

    pub(super) async fn record(&self, id: TaskId) -> Option<TaskRecord> {
        let found = self.records.read(id).await.unwrap();
        found.map(|versioned| versioned.record)
    }

    pub(super) async fn status(&self, id: TaskId) -> Option<TaskStatus> {
        self.record(id).await.map(|record| record.status())
    }

    /// Deletes a result that was handed out.
    pub(super) async fn delete_consumed(&self, id: TaskId) {
        let permit = self.tasks.deletion_permit().await;
        self.tasks.delete_consumed(id, permit).await;
    }

    /// The result of a task that has succeeded.
    pub(super) async fn result(&self, id: TaskId) -> String {
        match self.record(id).await.unwrap().state {
            TaskState::Succeeded { result } => result.get().to_owned(),
            other => panic!("the task has not succeeded: {other:?}"),
        }
    }

    /// The error of a task that has failed: its code and its sentence.
    pub(super) async fn error(&self, id: TaskId) -> (String, String) {
        match self.record(id).await.unwrap().state {
            TaskState::Failed { error } => (error.code, error.message),
            other => panic!("the task has not failed: {other:?}"),
        }
    }

    /// How many messages the queue and the poison queue hold, hidden ones included.
    pub(super) async fn messages(&self) -> (u64, u64) {
        (
            length(&*self.queue).await,
            length(&*self.poison_queue).await,
        )
    }

    /// How many tasks this worker brought to an end.
    pub(super) fn ended(&self) -> u64 {
        self.process.ended()
    }
}

pub(super) fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// Nobody can work on the message; the reason does not matter.
pub(super) fn is_poison(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Poison { .. })
}

/// The task has failed for good, and its message goes to the poison queue.
pub(super) fn is_spent(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Spent { .. })
}
