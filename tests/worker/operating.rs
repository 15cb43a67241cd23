//! Cancel, delete and retry, where a message is somewhere on its way.

use std::time::Duration;

use engine::{Operated, Outcome, TaskId, TaskState, TaskStatus};

use super::bench::{Bench, is_spent};
use crate::helpers::eventually::eventually;

impl Bench {
    async fn cancel(&self, id: TaskId) {
        let canceled = self.tasks.cancel(id).await.unwrap();
        let Operated::Done(task) = canceled else {
            panic!("not canceled: {canceled:?}");
        };
        assert_eq!(task.record.status(), TaskStatus::Canceled);
    }

    async fn retry(&self, id: TaskId) {
        let retried = self.tasks.retry(id).await.unwrap();
        assert!(matches!(retried, Operated::Done(_)), "{retried:?}");
    }
}

#[tokio::test]
async fn a_canceled_task_does_not_run_in_this_process_whatever_its_kind() {
    let bench = Bench::new();
    for kind in ["echo", "waits"] {
        let id = bench.submit(kind, "0").await;
        bench.cancel(id).await;
        assert_eq!(bench.deliver().await, Outcome::Done);
        assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
    }
    assert_eq!(bench.kinds.runs(), 0);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_canceled_task_that_is_delivered_to_another_process_loses() {
    let bench = Bench::new();
    let other = bench.other_process().consumer;
    // Pure work is not looked at before; its result is dropped.
    for (kind, runs) in [("echo", 1), ("waits", 1)] {
        let id = bench.submit(kind, "0").await;
        bench.cancel(id).await;
        let received = bench.receive().await;
        assert_eq!(other.process(received).await, Outcome::Done);
        assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
        assert_eq!(bench.kinds.runs(), runs, "{kind}");
    }
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn an_attempt_of_another_process_notices_that_its_task_was_canceled() {
    let bench = Bench::new();
    let other = bench.other_process().consumer;
    let id = bench.submit("waits", "0").await;
    let received = bench.receive().await;
    let cancel = async {
        eventually("the attempt runs", async || {
            (bench.kinds.runs() == 1).then_some(())
        })
        .await;
        bench.cancel(id).await;
    };
    let (outcome, ()) = tokio::join!(other.process(received), cancel);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn work_with_effects_is_looked_at_before_it_begins() {
    let bench = Bench::new();
    let id = bench.submit("waits", "0").await;
    let mut task = bench.records.read(id).await.unwrap().unwrap();
    task.record.state = TaskState::Canceled;
    bench.records.commit(&mut task).await.unwrap();
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.kinds.runs(), 0);
}

#[tokio::test]
async fn a_task_that_waits_for_its_next_attempt_can_be_canceled() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":99}"#).await;
    let Outcome::Again { after, .. } = bench.deliver().await else {
        panic!("no other attempt follows");
    };
    bench.cancel(id).await;
    bench.clock.advance(after);
    assert_eq!(bench.deliver().await, Outcome::Done);
    let record = bench.record(id).await.unwrap();
    assert_eq!(
        (record.status(), record.attempts),
        (TaskStatus::Canceled, 1)
    );
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_retried_task_has_a_full_round_of_attempts_counted_on() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":7}"#).await;
    assert!(is_spent(&bench.deliver_to_the_end().await));
    bench.maintenance.sweep().await.unwrap();
    bench.retry(id).await;
    let record = bench.record(id).await.unwrap();
    assert_eq!((record.status(), record.attempts), (TaskStatus::Queued, 5));
    assert_eq!(bench.deliver_to_the_end().await, Outcome::Done);
    assert_eq!(bench.result(id).await, r#"{"attempt":8}"#);
}

#[tokio::test]
async fn a_poisoned_message_of_the_round_before_does_not_fail_a_retried_task() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":5}"#).await;
    assert!(is_spent(&bench.deliver_to_the_end().await));
    // Nobody has swept the poison queue yet.
    bench.clock.advance(Duration::from_secs(1));
    bench.retry(id).await;
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, r#"{"attempt":6}"#);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn what_cannot_be_worked_on_cannot_be_retried() {
    let bench = Bench::new();
    let id = bench.submit("echo", "1").await;
    assert!(bench.records.delete(id, None).await.unwrap());
    assert!(matches!(
        bench.tasks.retry(id).await.unwrap(),
        Operated::Unknown
    ));
    let waiting = bench.submit("waits", "0").await;
    for operated in [
        bench.tasks.retry(waiting).await.unwrap(),
        bench.tasks.delete(waiting).await.unwrap(),
    ] {
        let Operated::Conflict(record) = operated else {
            panic!("{operated:?}");
        };
        assert_eq!(record.status(), TaskStatus::Queued);
    }
}
