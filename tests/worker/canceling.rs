//! A cancel against the worker's own write: one of them ends the task, and both know which.

use std::sync::Arc;

use engine::{Operated, Outcome, TaskId, TaskStatus};

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};
use crate::helpers::eventually::eventually;

impl Bench {
    /// What the one who cancels is told.
    async fn told(&self, id: TaskId) -> TaskStatus {
        match self.tasks.cancel(id).await.unwrap() {
            Operated::Done(task) => task.record.status(),
            other => panic!("not canceled: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_cancel_before_the_write_of_a_result_wins() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("echo", "1").await;
    let received = bench.receive().await;
    let held = bench.calls.hold(Call::Replace, Moment::Before);
    let canceled = async {
        held.arrived().await;
        assert_eq!(bench.told(id).await, TaskStatus::Canceled);
        held.go_on();
    };
    let (outcome, ()) = tokio::join!(other.consumer.process(received), canceled);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
    assert_eq!((bench.ended(), other.ended()), (1, 0));
}

#[tokio::test]
async fn a_cancel_whose_write_comes_after_the_result_gives_the_result() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("echo", "1").await;
    let held = bench.calls.hold(Call::Replace, Moment::Before);
    let worked = async {
        held.arrived().await;
        let received = bench.receive().await;
        assert_eq!(other.consumer.process(received).await, Outcome::Done);
        held.go_on();
    };
    let (told, ()) = tokio::join!(bench.told(id), worked);
    assert_eq!(told, TaskStatus::Succeeded);
    assert_eq!(bench.result(id).await, "1");
    assert_eq!((bench.ended(), other.ended()), (0, 1));
}

#[tokio::test]
async fn a_cancel_does_not_take_back_the_attempts_there_were() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("waits", "0").await;
    let received = bench.receive().await;
    let held = bench.calls.hold(Call::Replace, Moment::Before);
    let shown = async {
        held.arrived().await;
        let attempt = other.consumer.process(received);
        let running = eventually("the attempt is shown", async || {
            (bench.status(id).await == Some(TaskStatus::Running)).then_some(())
        });
        tokio::select! {
            outcome = attempt => panic!("it ended: {outcome:?}"),
            () = running => held.go_on(),
        }
    };
    let (told, ()) = tokio::join!(bench.told(id), shown);
    assert_eq!(told, TaskStatus::Canceled);
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_told_how_a_task_ended_is_told_the_truth() {
    const ROUNDS: u64 = 200;
    let bench = Arc::new(Bench::new());
    let other = Arc::new(bench.other_process());
    let mut canceled = 0;
    for _ in 0..ROUNDS {
        let id = bench.submit("echo", "1").await;
        let received = bench.receive().await;
        let work = tokio::spawn({
            let other = other.clone();
            async move { other.consumer.process(received).await }
        });
        let cancel = tokio::spawn({
            let bench = bench.clone();
            async move { bench.told(id).await }
        });
        assert_eq!(work.await.unwrap(), Outcome::Done);
        let told = cancel.await.unwrap();
        assert_eq!(bench.status(id).await, Some(told));
        canceled += u64::from(told == TaskStatus::Canceled);
    }
    assert_eq!(
        (bench.ended(), other.ended()),
        (canceled, ROUNDS - canceled)
    );
    assert_eq!(bench.messages().await, (0, 0));
}
