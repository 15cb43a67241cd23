//! Tasks of a kind with a queue of its own that have lost their message, and tasks that only seem to.

use std::time::Duration;

use engine::limits::{HIDDEN_AT_MOST, LOST_AFTER};
use engine::{Outcome, Swept, TaskStatus};
use ports::QueueName;

use super::own_queue::{Apart, apart};
use crate::helpers::kinds::TestKinds;
use crate::helpers::process::{Process, settings};
use crate::helpers::queues::{self, delete};

const JUST_AFTER: Duration = Duration::from_millis(1);

impl Apart {
    /// Somebody clears the queue.
    async fn clear(&self, name: &QueueName) {
        let queue = self.queue(name);
        for received in queue.receive(32, Duration::ZERO).await.unwrap() {
            assert!(delete(&*queue, &received).await);
        }
    }
}

/// How many tasks a sweep sends again.
async fn rescued(process: &Process) -> usize {
    let Swept { rescued, .. } = process.maintenance.sweep_beside_loop().await.unwrap();
    rescued
}

#[tokio::test]
async fn a_lost_task_is_sent_again_to_the_queue_of_its_kind() {
    let bench = Apart::new();
    let id = bench.submit("bulk", r#"{"bytes": 1}"#).await;
    let other = bench.submit("echo", "1").await;
    bench.clear(&apart()).await;
    bench.clear(&queues::tasks()).await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);

    assert_eq!(rescued(&bench.process).await, 2);

    assert_eq!(bench.messages().await, (1, 1));
    for consumer in &bench.process.engine.consumers {
        for received in consumer.receive(32).await.unwrap() {
            assert_eq!(consumer.process(received).await, Outcome::Done);
        }
    }
    for id in [id, other] {
        assert_eq!(bench.status(id).await, TaskStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_task_that_waits_in_its_queue_is_not_lost_because_the_main_one_is_empty() {
    let bench = Apart::new();
    bench.submit("bulk", r#"{"bytes": 1}"#).await;
    bench.clock.advance(HIDDEN_AT_MOST * 100);
    assert_eq!(rescued(&bench.process).await, 0);
    assert_eq!(bench.messages().await, (0, 1));
}

#[tokio::test]
async fn a_task_that_an_older_process_sent_to_the_main_queue_is_not_lost() {
    let bench = Apart::new();
    let older = bench.older_process();
    let submission = bench.submission("bulk", r#"{"bytes": 1}"#);
    older.tasks.submit(submission).await.unwrap();
    bench.clock.advance(HIDDEN_AT_MOST * 100);
    assert_eq!(rescued(&bench.process).await, 0);
    assert_eq!(bench.messages().await, (1, 0));
}

#[tokio::test]
async fn a_backlog_in_one_queue_keeps_no_lost_task_of_another_from_being_sent_again() {
    let bench = Apart::new();
    bench.submit("echo", "1").await;
    bench.clear(&queues::tasks()).await;
    for _ in 0..3 {
        bench.submit("bulk", r#"{"bytes": 1}"#).await;
    }
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    assert_eq!(rescued(&bench.process).await, 1);
    assert_eq!(bench.messages().await, (1, 3));
}

#[tokio::test]
async fn both_queues_that_have_moved_on_are_evidence_too() {
    let bench = Apart::new();
    bench.submit("bulk", r#"{"bytes": 1}"#).await;
    bench.clear(&apart()).await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    bench.submit("echo", "1").await;
    bench.submit("bulk", r#"{"bytes": 2}"#).await;
    assert_eq!(rescued(&bench.process).await, 0);
    bench.clock.advance(HIDDEN_AT_MOST - JUST_AFTER);
    assert_eq!(rescued(&bench.process).await, 0);
    bench.clock.advance(JUST_AFTER);
    assert_eq!(rescued(&bench.process).await, 1);
    assert_eq!(bench.messages().await, (1, 2));
}

#[tokio::test]
async fn tasks_of_a_kind_that_is_not_known_here_are_left_to_those_who_know_it() {
    let bench = Apart::new();
    let id = bench.submit("bulk", r#"{"bytes": 1}"#).await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    let without = |has_other_workers| {
        let kinds = TestKinds::default().registry(1_000);
        let kinds = kinds.iter().filter(|kind| kind.name.as_str() != "bulk");
        let kinds = kinds.fold(work::Kinds::default(), |kinds, kind| {
            kinds.with(kind.name.as_str(), kind.kind.clone(), kind.policy.clone())
        });
        bench.process_of(kinds, settings(2, has_other_workers))
    };
    assert_eq!(rescued(&without(true)).await, 0);
    assert_eq!(bench.messages().await, (0, 1));
    // Where there is no other, nobody else can tell what became of it.
    assert_eq!(rescued(&without(false)).await, 1);
    assert_eq!(bench.status(id).await, TaskStatus::Queued);
}
