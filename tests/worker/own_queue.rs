//! Kinds with a queue of their own: which messages go there, and what is known of each queue.

use std::sync::Arc;
use std::time::Duration;

use backends::embedded::Embedded;
use engine::limits::{ATTEMPT_TIME_LIMIT, MAX_ATTEMPTS};
use engine::{
    Attempted, CalledBack, Consumer, Operated, Outcome, Records, Report, Settings, Submission,
    SubmitError, Swept, TaskError, TaskId, TaskRecord, TaskStatus,
};
use ports::{Delivery, Queue, QueueName, Queues};
use tempfile::TempDir;
use work::Kinds;

use super::bench::json;
use crate::helpers::clock::ManualClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::{Process, Storage, settings};
use crate::helpers::queues::{self, length};

/// The kinds whose queue is not the main one.
const APART: [&str; 6] = ["bulk", "counts", "flaky", "hands_over", "hopeless", "slow"];

/// Two queues, one of them for a few kinds.
pub(super) struct Apart {
    pub(super) clock: Arc<ManualClock>,
    pub(super) records: Records,
    queues: Arc<dyn Queues>,
    storage: Storage,
    pub(super) process: Process,
    pub(super) kinds: TestKinds,
    _folder: TempDir,
}

pub(super) fn apart() -> QueueName {
    queues::name("apart")
}

impl Apart {
    pub(super) fn new() -> Self {
        Self::told(settings(2, false))
    }

    pub(super) fn told(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
        let storage = Storage {
            clock: clock.clone(),
            store: embedded.tasks(),
            tallies: embedded.tallies(),
            queues: Arc::new(embedded.clone()),
            queue: queues::tasks(),
        };
        let kinds = TestKinds::default();
        Self {
            records: Records::new(storage.store.clone(), clock.clone()),
            clock,
            queues: Arc::new(embedded),
            process: storage.process_of(kinds.registry_apart(&APART, &apart()), settings),
            storage,
            kinds,
            _folder: folder,
        }
    }

    /// A process that knows of no queue but the main one, as older versions do.
    pub(super) fn older_process(&self) -> Process {
        self.storage.process(&self.kinds, 2, true)
    }

    /// Another process over the same storage.
    pub(super) fn process_of(&self, kinds: Kinds, settings: Settings) -> Process {
        self.storage.process_of(kinds, settings)
    }

    /// What works on the queue of these kinds.
    pub(super) fn consumer(&self) -> &Consumer {
        &self.process.engine.consumers[1]
    }

    pub(super) async fn submit(&self, kind: &str, input: &str) -> TaskId {
        self.accepted(kind, input).await.unwrap().id
    }

    async fn accepted(&self, kind: &str, input: &str) -> Result<TaskRecord, SubmitError> {
        self.process
            .tasks
            .submit(self.submission(kind, input))
            .await
    }

    pub(super) fn submission(&self, kind: &str, input: &str) -> Submission {
        Submission::new(self.process.tasks.new_id(), kind, json(input))
    }

    /// The one message of the queue that is visible.
    async fn receive(consumer: &Consumer) -> Delivery {
        let mut page = consumer.receive(32).await.unwrap();
        assert_eq!(page.len(), 1, "one message should be visible");
        page.remove(0)
    }

    /// Delivers the one message of these kinds that is visible.
    async fn deliver(&self) -> Outcome {
        let received = Self::receive(self.consumer()).await;
        self.consumer().process(received).await
    }

    pub(super) fn queue(&self, name: &QueueName) -> Arc<dyn Queue> {
        self.queues.open(name)
    }

    /// How many messages there are in the main queue, and in the other.
    pub(super) async fn messages(&self) -> (u64, u64) {
        let (main, other) = (self.queue(&queues::tasks()), self.queue(&apart()));
        (length(&*main).await, length(&*other).await)
    }

    async fn dead_letters(&self) -> (u64, u64) {
        let (main, other) = (queues::tasks(), apart());
        let letters = |name| self.queues.open_dead_letters(name);
        (
            length(&*letters(&main)).await,
            length(&*letters(&other)).await,
        )
    }

    pub(super) async fn status(&self, id: TaskId) -> TaskStatus {
        let found = self.records.read(id).await.unwrap();
        found.unwrap().record.status()
    }

    fn attempted(&self, id: TaskId) -> Attempted {
        let url = self.kinds.callback();
        let (_, token) = url.split_once("?token=").unwrap();
        let callbacks = self.process.tasks.callbacks().unwrap();
        callbacks.read(id, token).unwrap()
    }
}

#[tokio::test]
async fn tasks_go_to_the_queue_of_their_kind() {
    let bench = Apart::new();
    bench.submit("bulk", r#"{"bytes": 1}"#).await;
    bench.submit("echo", "1").await;
    bench.submit("echo", "2").await;
    assert_eq!(bench.messages().await, (2, 1));
    let once = bench.submission("bulk", r#"{"bytes": 1}"#);
    bench.process.tasks.submit_once("k", once).await.unwrap();
    assert_eq!(bench.messages().await, (2, 2));
}

#[tokio::test]
async fn attempts_after_failed_ones_and_the_operators_stay_in_the_queue() {
    let bench = Apart::new();
    let id = bench.submit("flaky", r#"{"failures": 5}"#).await;
    for _ in 1..MAX_ATTEMPTS {
        let Outcome::Again { after, .. } = bench.deliver().await else {
            panic!("another attempt should follow");
        };
        assert_eq!(bench.messages().await, (0, 1));
        bench.clock.advance(after);
    }
    assert!(matches!(bench.deliver().await, Outcome::Spent { .. }));
    assert_eq!(bench.dead_letters().await, (0, 1));

    let retried = bench.process.tasks.retry(id).await.unwrap();

    assert!(matches!(retried, Operated::Done(_)));
    assert_eq!(bench.messages().await, (0, 1));
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(id).await, TaskStatus::Succeeded);
}

#[tokio::test]
async fn the_deadline_and_the_report_of_an_attempt_stay_in_the_queue() {
    let bench = Apart::new();
    let id = bench.submit("hands_over", "1").await;
    bench.deliver().await;
    assert_eq!(bench.messages().await, (0, 1));
    let report = Report::Failed {
        error: TaskError {
            code: "NoGpu".to_owned(),
            message: "all are busy".to_owned(),
        },
        may_pass: true,
    };
    let attempted = bench.attempted(id);
    let taken = bench.process.tasks.called_back(attempted, report).await;
    assert_eq!(taken.unwrap(), CalledBack::Taken);
    assert_eq!(bench.messages().await, (0, 2));
    bench.clock.advance(ATTEMPT_TIME_LIMIT);
    for received in bench.consumer().receive(32).await.unwrap() {
        bench.consumer().process(received).await;
    }
    assert_eq!(bench.messages().await.0, 0);
}

#[tokio::test]
async fn what_work_of_another_queue_hands_in_goes_to_the_queue_of_its_kind() {
    let bench = Apart::new();
    bench.submit("breeds", "\"bulk\"").await;
    let main = &bench.process.consumer;
    let received = Apart::receive(main).await;
    assert!(matches!(
        main.process(received).await,
        Outcome::Again { .. }
    ));
    assert_eq!(bench.messages().await, (1, 2));
}

#[tokio::test]
async fn a_message_in_the_main_queue_is_worked_off_and_the_next_is_where_it_belongs() {
    let bench = Apart::new();
    let older = bench.older_process();
    let submission = bench.submission("flaky", r#"{"failures": 1}"#);
    let id = older.tasks.submit(submission).await.unwrap().id;
    assert_eq!(bench.messages().await, (1, 0));
    let main = &bench.process.consumer;
    let received = Apart::receive(main).await;
    let Outcome::Again { after, .. } = main.process(received).await else {
        panic!("another attempt should follow");
    };
    assert_eq!(bench.messages().await, (0, 1));
    bench.clock.advance(after);
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.status(id).await, TaskStatus::Succeeded);
}

#[tokio::test]
async fn a_message_that_comes_early_is_put_off_in_the_queue_of_its_kind() {
    let bench = Apart::new();
    let older = bench.older_process();
    let submission = bench.submission("flaky", r#"{"failures": 1}"#);
    older.tasks.submit(submission).await.unwrap();
    let received = Apart::receive(&older.consumer).await;
    let Outcome::Again { after, .. } = older.consumer.process(received).await else {
        panic!("another attempt should follow");
    };
    // As of a queue that cannot hide a message for so long.
    bench.clock.advance(after);
    let early = Apart::receive(&bench.process.consumer).await;
    bench.clock.rewind(after);
    assert_eq!(bench.messages().await, (1, 0));

    let outcome = bench.process.consumer.process(early).await;

    assert!(matches!(outcome, Outcome::Again { after: left, .. } if left == after));
    assert_eq!(bench.messages().await, (0, 1));
}

#[tokio::test]
async fn dead_letters_of_each_queue_become_failed_tasks() {
    let bench = Apart::new();
    let id = bench.submit("bulk", r#"{"bytes": 1}"#).await;
    let other = bench.submit("echo", "1").await;
    for name in [queues::tasks(), apart()] {
        let text = bench.queue(&name).receive(1, Duration::ZERO).await.unwrap()[0]
            .text
            .clone();
        let letters = bench.queues.open_dead_letters(&name);
        letters.send(&text, Duration::ZERO).await.unwrap();
        letters.send("no task's", Duration::ZERO).await.unwrap();
    }
    let swept = bench.process.maintenance.sweep_beside_loop().await.unwrap();
    let expected = Swept {
        buried: 2,
        kept: 2,
        ..Swept::default()
    };
    assert_eq!(swept, expected);
    for id in [id, other] {
        assert_eq!(bench.status(id).await, TaskStatus::Failed);
    }
    assert_eq!(bench.dead_letters().await, (0, 0));
}

#[tokio::test]
async fn the_timer_empties_all_queues() {
    let bench = Apart::new();
    for _ in 0..40 {
        bench.submit("bulk", r#"{"bytes": 1}"#).await;
        bench.submit("echo", "1").await;
    }
    let swept = bench.process.maintenance.sweep().await.unwrap();
    assert_eq!(swept.drained, 80);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn the_limit_counts_for_each_queue() {
    let bench = Apart::told(Settings {
        max_queue_length: Some(2),
        ..settings(2, false)
    });
    for _ in 0..2 {
        bench.submit("echo", "1").await;
    }
    let full = bench.accepted("echo", "1").await;
    assert!(matches!(full, Err(SubmitError::QueueFull)));
    for _ in 0..2 {
        bench.submit("bulk", r#"{"bytes": 1}"#).await;
    }
    let full = bench.accepted("bulk", r#"{"bytes": 1}"#).await;
    assert!(matches!(full, Err(SubmitError::QueueFull)));
    assert_eq!(bench.deliver_all().await, 2);
    bench.submit("bulk", r#"{"bytes": 1}"#).await;
    let full = bench.accepted("echo", "1").await;
    assert!(matches!(full, Err(SubmitError::QueueFull)));
}

impl Apart {
    /// Works off the queue of these kinds, and says how much there was.
    async fn deliver_all(&self) -> usize {
        let page = self.consumer().receive(32).await.unwrap();
        let count = page.len();
        for received in page {
            assert_eq!(self.consumer().process(received).await, Outcome::Done);
        }
        count
    }
}

#[tokio::test]
async fn metrics_tell_of_each_queue() {
    let bench = Apart::new();
    bench.submit("echo", "1").await;
    for _ in 0..3 {
        bench.submit("bulk", r#"{"bytes": 1}"#).await;
    }
    bench.clock.advance(Duration::from_secs(7));
    let metrics = bench.process.tasks.metrics().await.unwrap();
    for line in [
        "queue_messages 1",
        r#"queue_messages{queue="apart"} 3"#,
        "queue_oldest_message_seconds 7",
        r#"queue_oldest_message_seconds{queue="apart"} 7"#,
    ] {
        assert!(
            metrics.lines().any(|told| told == line),
            "{line}\n{metrics}"
        );
    }
}
