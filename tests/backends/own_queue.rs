//! Kinds with a queue of their own, beside a main queue that is long: over each backend, with the loops of
//! a process.

use std::sync::Arc;
use std::time::Duration;

use async_request_reply::triggers::standalone::{self, Pace};
use backends::SystemClock;
use engine::limits::VISIBILITY_TIMEOUT;
use engine::{Records, Submission, TaskId, TaskRecord, TaskState, TaskStatus};
use futures_util::stream::{self, StreamExt};
use ports::Clock;
use serde_json::value::RawValue;
use tokio::task::JoinHandle;
use work::Kinds;

use super::{Subject, Time};
use crate::helpers::eventually::eventually;
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::{Process, Storage, settings};
use crate::helpers::queues::length;

const PACE: Pace = Pace {
    longest_wait: Duration::from_millis(200),
    rest: 0,
};

/// A process over the backend.
struct Apart<'a> {
    subject: &'a Subject,
    process: Process,
    records: Records,
    kinds: TestKinds,
}

impl<'a> Apart<'a> {
    /// These kinds have the second queue.
    async fn over(subject: &'a Subject, names: &[&str]) -> Self {
        let apart = Self::with(subject, |kinds| {
            kinds.registry_apart(names, &subject.second)
        });
        apart.process.tasks.prepare_storage().await.unwrap();
        apart
    }

    /// No kind has it.
    fn older(subject: &'a Subject) -> Self {
        Self::with(subject, |kinds| kinds.registry(1_000))
    }

    fn with(subject: &'a Subject, registry: impl Fn(&TestKinds) -> Kinds) -> Self {
        let clock: Arc<dyn Clock> = match &subject.time {
            Time::Manual(clock) => clock.clone(),
            Time::Real => Arc::new(SystemClock),
        };
        let storage = Storage {
            clock: clock.clone(),
            store: subject.tasks.clone(),
            tallies: subject.tallies.clone(),
            queues: subject.queues.clone(),
            queue: subject.name.clone(),
        };
        let kinds = TestKinds::default();
        Self {
            subject,
            process: storage.process_of(registry(&kinds), settings(2, true)),
            records: Records::new(subject.tasks.clone(), clock),
            kinds,
        }
    }

    fn start(&self) -> JoinHandle<()> {
        tokio::spawn(standalone::work(self.process.engine.clone(), PACE))
    }

    async fn stop(&self, working: JoinHandle<()>) {
        self.process.engine.stop.stopping.cancel();
        working.await.unwrap();
    }

    async fn submit(&self, kind: &str, input: &str) -> TaskId {
        let submission = Submission::new(
            self.process.tasks.new_id(),
            kind,
            RawValue::from_string(input.to_owned()).unwrap(),
        );
        self.process.tasks.submit(submission).await.unwrap().id
    }

    /// How many tasks are a flood: fewer where each call takes its time.
    fn many(&self) -> usize {
        match self.subject.time {
            Time::Manual(_) => 2_000,
            Time::Real => 150,
        }
    }

    /// Submits so many tasks, a few at a time: more would be refused.
    async fn flood(&self, kind: &str, count: usize) -> Vec<TaskId> {
        let submissions = stream::iter(0..count).map(|_| self.submit(kind, "1"));
        submissions.buffer_unordered(16).collect().await
    }

    /// The record of a task, once that has ended. Puts the clock on, if it is ours.
    async fn ended(&self, id: TaskId) -> TaskRecord {
        eventually("the task has ended", async || {
            if let Time::Manual(clock) = &self.subject.time {
                clock.advance(Duration::from_secs(1));
            }
            let found = self.records.read(id).await.unwrap().unwrap().record;
            found.status().is_terminal().then_some(found)
        })
        .await
    }

    /// How many messages there are in the main queue, and in the second.
    async fn messages(&self) -> (u64, u64) {
        let second = self.subject.queues.open(&self.subject.second);
        (length(&*self.subject.queue).await, length(&*second).await)
    }
}

pub(super) async fn a_flood_in_one_queue_holds_up_no_task_of_another(subject: &Subject) {
    let apart = Apart::over(subject, &["counts"]).await;
    let many = apart.many();
    apart.flood("echo", many).await;
    let last = apart.submit("counts", "1").await;
    let working = apart.start();

    let record = apart.ended(last).await;

    let TaskState::Succeeded { result } = record.state else {
        panic!("it should succeed: {record:?}");
    };
    let before: usize = result.get().parse().unwrap();
    assert!(before < many / 3, "{before} of {many} came before it");
    apart.stop(working).await;
}

pub(super) async fn another_attempt_stays_in_the_queue_of_its_kind(subject: &Subject) {
    let apart = Apart::over(subject, &["brief"]).await;
    let id = apart.submit("brief", r#"{"failures": 1}"#).await;
    let consumer = &apart.process.engine.consumers[1];
    for received in consumer.receive(32).await.unwrap() {
        consumer.process(received).await;
    }
    assert_eq!(apart.messages().await, (0, 1));
    let working = apart.start();
    let record = apart.ended(id).await;
    assert_eq!(
        (record.status(), record.attempts),
        (TaskStatus::Succeeded, 2)
    );
    apart.stop(working).await;
    assert_eq!(apart.messages().await, (0, 0));
}

pub(super) async fn what_an_older_process_sends_to_the_main_queue_is_worked_off(subject: &Subject) {
    let apart = Apart::over(subject, &["brief"]).await;
    let older = Apart::older(subject);
    let id = older.submit("brief", r#"{"failures": 1}"#).await;
    assert_eq!(apart.messages().await, (1, 0));
    let working = apart.start();
    let record = apart.ended(id).await;
    assert_eq!(
        (record.status(), record.attempts),
        (TaskStatus::Succeeded, 2)
    );
    apart.stop(working).await;
    assert_eq!(apart.messages().await, (0, 0));
}

pub(super) async fn what_a_process_leaves_behind_in_either_queue_is_done_by_the_next(
    subject: &Subject,
) {
    let died = Apart::over(subject, &["counts"]).await;
    let mut ids = died.flood("echo", 40).await;
    ids.extend(died.flood("counts", 40).await);
    let working = died.start();
    eventually("some work has begun", async || {
        (died.kinds.runs() > 5).then_some(())
    })
    .await;
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    // Then what it had in hand is visible again.
    subject.pass_time(VISIBILITY_TIMEOUT).await;
    let next = Apart::over(subject, &["counts"]).await;
    let working = next.start();
    for id in ids {
        assert_eq!(next.ended(id).await.status(), TaskStatus::Succeeded);
    }
    next.stop(working).await;
    assert_eq!(next.messages().await, (0, 0));
}
