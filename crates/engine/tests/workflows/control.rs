//! What clients ask of instances.

use engine::{Controlled, Operated, StepState, TaskState};
use work::workflow::{Flow, Workflow, callee};
use work::{Failure, any};

use super::bench::Bench;
use super::steps::{Flaky, Inc, at_once, with};

struct Approval;

impl Workflow for Approval {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, number: u64) -> Result<u64, Failure> {
        let more: u64 = flow.event("More").await?;
        let number = flow.call(callee::kind::<Inc>(), &(number + more)).await?;
        Ok(number)
    }
}

#[tokio::test]
async fn what_arrives_while_it_is_suspended_counts_when_it_is_resumed() {
    let bench = Bench::new(with("approval", Approval));
    let id = bench.start("approval", 1).await;
    bench.settle().await;
    let suspended = bench.engine.workflows.suspend(id, Some("lunch")).await;
    assert!(matches!(suspended, Ok(Controlled::Done(_))));
    bench.raise(id, "More", 10).await;
    bench.settle().await;
    let record = bench.record(id).await;
    assert!(!record.status().is_terminal());
    assert_eq!(record.instance.unwrap().reason.as_deref(), Some("lunch"));
    bench
        .engine
        .workflows
        .resume(id, Some("back"))
        .await
        .unwrap();
    assert_eq!(bench.result(id).await, "12");
    let ended = bench.engine.workflows.suspend(id, None).await;
    assert!(matches!(ended, Ok(Controlled::Ended(_))));
}

#[tokio::test]
async fn an_instance_that_was_suspended_before_it_began_begins_when_it_is_resumed() {
    let bench = Bench::new(with("approval", Approval));
    let id = bench.start("approval", 1).await;
    bench.engine.workflows.suspend(id, None).await.unwrap();
    bench.settle().await;
    bench.engine.workflows.resume(id, None).await.unwrap();
    bench.settle().await;
    bench.raise(id, "More", 1).await;
    assert_eq!(bench.result(id).await, "3");
}

struct Parent;

impl Workflow for Parent {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, number: u64) -> Result<u64, Failure> {
        let all = flow.all(callee::workflow::<Approval>(), vec![number, number + 1]);
        let numbers: Vec<u64> = all.or_first_failure().await?;
        Ok(numbers.iter().sum())
    }
}

#[tokio::test]
async fn a_canceled_instance_takes_its_own_with_it() {
    let kinds = with("approval", Approval).with("parent", any::of_workflow(Parent), at_once());
    let bench = Bench::new(kinds);
    let id = bench.start("parent", 1).await;
    bench.settle().await;
    let history = bench.engine.workflows.history(id).await.unwrap().unwrap();
    assert_eq!(history.steps.len(), 1);
    let StepState::Open { members, .. } = &history.steps[0].state else {
        panic!("{history:?}");
    };
    assert_eq!(*members, Some((0, 2)));
    bench.cancel(id).await;
    bench.settle().await;
    let all = bench.store.list("", None, 100).await.unwrap().items;
    let open = all.iter().filter(|listed| {
        let head = listed.head.as_ref();
        head.is_some_and(|head| head.status == "running" || head.status == "queued")
    });
    assert_eq!(open.count(), 0);
    assert_eq!(bench.messages().await, 0);
}

/// A step that works, and then one that fails three times.
struct Steps;

impl Workflow for Steps {
    type Input = u64;
    type Output = (u64, u32);

    async fn run(&self, flow: Flow, number: u64) -> Result<(u64, u32), Failure> {
        let one = flow.call(callee::kind::<Inc>(), &number).await?;
        let two = flow.call(callee::kind::<Flaky>(), &String::new()).await?;
        Ok((one, two))
    }
}

#[tokio::test]
async fn a_failed_instance_goes_on_from_its_failure() {
    let flaky = Flaky {
        failures: 5,
        ..Flaky::default()
    };
    let kinds = with("steps", Steps).with("flaky", any::of(flaky), at_once());
    let bench = Bench::new(kinds);
    let id = bench.start("steps", 7).await;
    assert_eq!(bench.failure(id).await.0, "NotYet");
    let retried = bench.engine.tasks.retry(id).await.unwrap();
    assert!(matches!(retried, Operated::Done(_)), "{retried:?}");
    assert_eq!(bench.result(id).await, "[8,6]");
    let record = bench.record(id).await;
    assert_eq!(record.instance.unwrap().journal.len(), 2);
}

/// Fails, after it has continued as new so often.
struct FailsLater;

impl Workflow for FailsLater {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, left: u64) -> Result<u64, Failure> {
        if left == 0 {
            return Err(Failure::permanent("NoHope", "there never was any"));
        }
        flow.continue_as_new(left - 1).await
    }
}

#[tokio::test]
async fn only_what_is_retried_counts_as_retried() {
    let bench = Bench::new(with("fails", FailsLater));
    let id = bench.start("fails", 0).await;
    let failed = async |retried: u32, round: u32| {
        assert_eq!(bench.failure(id).await.0, "NoHope");
        let record = bench.record(id).await;
        assert_eq!((record.retried(), record.retries), (retried, round));
    };
    let tasks = &bench.engine.tasks;
    let input = |left: u64| serde_json::value::to_raw_value(&left).unwrap();
    failed(0, 0).await;
    for round in 1..=2 {
        tasks.retry(id).await.unwrap();
        failed(round, round).await;
    }
    // Begun again by its client, it is other work, and goes on with that.
    let begun = tasks.begin_anew(id, "fails", input(0)).await.unwrap();
    assert!(matches!(begun, Operated::Done(_)), "{begun:?}");
    failed(0, 3).await;
    tasks.retry(id).await.unwrap();
    failed(1, 4).await;
    tasks.begin_anew(id, "fails", input(2)).await.unwrap();
    failed(0, 5).await;
    // So is what an instance continues with that was retried.
    tasks.retry(id).await.unwrap();
    failed(1, 6).await;
}

#[tokio::test]
async fn all_that_belongs_to_an_instance_is_deleted_with_it() {
    let kinds = with("approval", Approval).with("parent", any::of_workflow(Parent), at_once());
    let bench = Bench::new(kinds);
    let id = bench.start("approval", 1).await;
    bench.settle().await;
    bench.raise(id, "More", vec!["x".repeat(30_000)]).await;
    // Not what it waits for: that is told as a failure, and the event is a document of its own.
    assert_eq!(bench.failure(id).await.0, "InvalidEvent");
    let parts = || async {
        let page = bench.store.list("x-", None, 100).await.unwrap();
        page.items.len()
    };
    assert_eq!(parts().await, 1);
    let deleted = bench.engine.tasks.delete(id).await.unwrap();
    assert!(matches!(deleted, Operated::Done(_)));
    assert_eq!(parts().await, 0);
    assert!(matches!(bench.engine.tasks.find(id).await, Ok(None)));
    let _ = TaskState::queued();
}
