//! A worker taken apart on a bench: its storage, its clock, and each step by hand.

use std::sync::Arc;

use async_request_reply::backends::Counts;
use async_request_reply::backends::embedded::Embedded;
use async_request_reply::ports::{Queue, Received, TaskStore};
use async_request_reply::tasks::Gauges;
use async_request_reply::tasks::limits::MAX_ATTEMPTS;
use async_request_reply::tasks::{
    Attempts, Consumer, Maintenance, Outcome, Records, Shared, Submission, TaskId, TaskRecord,
    TaskState, TaskStatus, Tasks, Worker,
};
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::pruning::RETENTION;
use crate::helpers::clock::ManualClock;
use crate::helpers::kinds::TestKinds;

pub(super) struct Bench {
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Arc<dyn TaskStore>,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) poison_queue: Arc<dyn Queue>,
    pub(super) records: Records,
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: Tasks,
    pub(super) consumer: Consumer,
    pub(super) maintenance: Maintenance,
    pub(super) kinds: TestKinds,
    /// Tells the attempts to stop.
    pub(super) stop: CancellationToken,
    _folder: TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with_slots(4)
    }

    /// So many attempts compute side by side.
    pub(super) fn with_slots(slots: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let embedded = Embedded::open(folder.path(), "tasks", clock.clone()).unwrap();
        let (store, queue) = (embedded.tasks(), embedded.queue());
        let poison_queue = embedded.poison_queue();
        let kinds = TestKinds::default();
        let stop = CancellationToken::new();

        let shared = Arc::new(Shared::new(
            kinds.registry(1_000),
            clock.clone(),
            Arc::new(Counts::default()),
            None,
            slots,
            false,
        ));
        let records = Records::new(store.clone(), clock.clone());
        let attempts = Attempts::new(slots, stop.clone());
        let worker = Worker::new(records.clone(), shared.clone(), attempts);
        let consumer = Consumer::new(queue.clone(), poison_queue.clone(), worker);
        let maintenance = Maintenance::new(
            store.clone(),
            queue.clone(),
            consumer.clone(),
            shared.clone(),
            RETENTION,
        );
        Self {
            tasks: Tasks::new(store.clone(), queue.clone(), shared.clone()),
            clock,
            store,
            queue,
            poison_queue,
            records,
            shared,
            consumer,
            maintenance,
            kinds,
            stop,
            _folder: folder,
        }
    }

    pub(super) async fn submit(&self, kind: &str, input: &str) -> TaskId {
        let submission = self.submission(kind, input);
        self.tasks.submit(submission).await.unwrap().id
    }

    /// What `submit` submits, with an id of its own.
    pub(super) fn submission(&self, kind: &str, input: &str) -> Submission {
        Submission {
            id: self.tasks.new_id(),
            kind: kind.to_owned(),
            input: json(input),
            traceparent: None,
        }
    }

    /// Another process over the same storage: it shares nothing else.
    pub(super) fn other_process(&self) -> (Tasks, Consumer) {
        let shared = Arc::new(Shared::new(
            self.kinds.registry(1_000),
            self.clock.clone(),
            Arc::new(Counts::default()),
            None,
            1,
            true,
        ));
        let attempts = Attempts::new(1, CancellationToken::new());
        let worker = Worker::new(self.records.clone(), shared.clone(), attempts);
        (
            Tasks::new(self.store.clone(), self.queue.clone(), shared),
            Consumer::new(self.queue.clone(), self.poison_queue.clone(), worker),
        )
    }

    /// Takes the one message that is visible.
    pub(super) async fn receive(&self) -> Received {
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

    pub(super) async fn record(&self, id: TaskId) -> Option<TaskRecord> {
        let found = self.records.read(id).await.unwrap();
        found.map(|versioned| versioned.record)
    }

    pub(super) async fn status(&self, id: TaskId) -> Option<TaskStatus> {
        self.record(id).await.map(|record| record.status())
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
            self.queue.length().await.unwrap(),
            self.poison_queue.length().await.unwrap(),
        )
    }

    /// How many tasks this worker brought to an end.
    pub(super) fn ended(&self) -> u64 {
        let metrics = self.shared.metrics.to_prometheus(&Gauges::default());
        metrics
            .lines()
            .filter(|line| line.starts_with("tasks_ended_total{"))
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
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
