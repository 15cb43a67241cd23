//! Chains, timers, events and ends.

use std::time::{Duration, Instant};

use engine::TaskState;
use work::workflow::{Either, Flow, Retry, Workflow, callee, join_all, select};
use work::{Failure, any};

use super::bench::Bench;
use super::steps::{Boom, Double, Flaky, Inc, at_once, kinds, with};

/// So many steps, one after the other.
struct Chain;

impl Workflow for Chain {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, steps: u64) -> Result<u64, Failure> {
        let mut number = 0;
        for _ in 0..steps {
            number = flow.call(callee::kind::<Inc>(), &number).await?;
        }
        Ok(number)
    }
}

#[tokio::test]
async fn a_chain_of_steps_gives_what_the_last_one_does() {
    let bench = Bench::new(with("chain", Chain));
    assert_eq!(bench.run("chain", 0).await, "0");
    assert_eq!(bench.run("chain", 3).await, "3");
    assert_eq!(bench.run("chain", 100).await, "100");
    assert_eq!(bench.messages().await, 0);
}

struct PureChain;

impl Workflow for PureChain {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, steps: u64) -> Result<u64, Failure> {
        let mut number = 1;
        for _ in 0..steps {
            number = flow.call(callee::blocking::<Double>(), &number).await?;
        }
        Ok(number)
    }
}

#[tokio::test]
async fn steps_without_effects_are_written_with_the_end_alone() {
    let bench = Bench::new(with("chain", PureChain));
    let id = bench.start("chain", 20).await;
    assert_eq!(bench.work().await, 1);
    assert_eq!(bench.result(id).await, (1_u64 << 20).to_string());
}

struct Fails;

impl Workflow for Fails {
    type Input = String;
    type Output = String;

    async fn run(&self, flow: Flow, how: String) -> Result<String, Failure> {
        Ok(flow.call(callee::kind::<Boom>(), &how).await?)
    }
}

#[tokio::test]
async fn a_step_that_fails_for_good_ends_the_instance_with_its_code() {
    let bench = Bench::new(with("fails", Fails));
    let id = bench.start("fails", "for good").await;
    let (code, message) = bench.failure(id).await;
    assert_eq!(code, "Boom");
    assert!(message.ends_with("boom"), "{message}");
    let id = bench.start("fails", "for a while").await;
    assert_eq!(bench.failure(id).await.0, "NotNow");
    assert_eq!(bench.messages().await, 0);
}

/// Tries a step as often as it says.
struct Tries;

impl Workflow for Tries {
    type Input = u32;
    type Output = u32;

    async fn run(&self, flow: Flow, attempts: u32) -> Result<u32, Failure> {
        let moment = Duration::from_millis(1);
        let retry = Retry::attempts(attempts).back_off(work::BackOff {
            first: moment,
            factor: 1,
            longest: moment,
        });
        let call = flow.call(callee::kind::<Flaky>(), &String::new()).retry(retry);
        Ok(call.await?)
    }
}

#[tokio::test]
async fn a_step_is_tried_as_often_as_its_call_says() {
    let flaky = Flaky {
        failures: 3,
        ..Flaky::default()
    };
    let kinds = with("tries", Tries).with("flaky", any::of(flaky.clone()), at_once());
    let bench = Bench::new(kinds);
    let id = bench.start("tries", 3).await;
    assert_eq!(bench.failure(id).await.0, "NotYet");
    flaky.runs.store(0, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(bench.run("tries", 4).await, "4");
}

struct Waits;

impl Workflow for Waits {
    type Input = u64;
    type Output = String;

    async fn run(&self, flow: Flow, millis: u64) -> Result<String, Failure> {
        flow.set_status("waiting");
        let approval = flow.event::<String>("Approved");
        let timer = flow.sleep(Duration::from_millis(millis));
        let outcome = match select(approval, timer).await {
            Either::First(by) => format!("approved by {}", by?),
            Either::Second(()) => "nobody answered".to_owned(),
        };
        flow.set_status("over");
        Ok(outcome)
    }
}

#[tokio::test]
async fn an_event_arrives_or_the_time_is_over() {
    let bench = Bench::new(with("waits", Waits));
    let id = bench.start("waits", 60_000).await;
    bench.settle().await;
    assert!(matches!(
        bench.record(id).await.state,
        TaskState::Running { .. }
    ));
    assert_eq!(bench.custom_status(id).await.unwrap(), "\"waiting\"");
    bench.raise(id, "Other", 1).await;
    bench.settle().await;
    assert!(!bench.record(id).await.status().is_terminal());
    bench.raise(id, "Approved", "Ada").await;
    assert_eq!(bench.result(id).await, "\"approved by Ada\"");
    assert_eq!(bench.custom_status(id).await.unwrap(), "\"over\"");

    let begun = Instant::now();
    assert_eq!(bench.run("waits", 300).await, "\"nobody answered\"");
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn an_event_that_comes_before_it_is_waited_for_is_kept() {
    let bench = Bench::new(with("waits", Waits));
    let id = bench.start("waits", 60_000).await;
    bench.raise(id, "Approved", "Grace").await;
    assert_eq!(bench.result(id).await, "\"approved by Grace\"");
}

/// Calls side by side.
struct Joins;

impl Workflow for Joins {
    type Input = u64;
    type Output = Vec<u64>;

    async fn run(&self, flow: Flow, count: u64) -> Result<Vec<u64>, Failure> {
        let calls = (0..count).map(|number| flow.call(callee::kind::<Inc>(), &number));
        let numbers = join_all(calls).await;
        Ok(numbers.into_iter().collect::<Result<_, _>>()?)
    }
}

#[tokio::test]
async fn calls_side_by_side_give_their_results_in_order() {
    let bench = Bench::new(with("joins", Joins));
    let numbers: Vec<u64> = (1..=40).collect();
    assert_eq!(
        bench.run("joins", 40).await,
        serde_json::to_string(&numbers).unwrap()
    );
    assert_eq!(bench.messages().await, 0);
}

/// A parent, and its child.
struct Parent;

impl Workflow for Parent {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, steps: u64) -> Result<u64, Failure> {
        let one = flow.call(callee::workflow::<Chain>(), &steps).await?;
        let other = flow.call(callee::kind::<Inc>(), &one).await?;
        Ok(other)
    }
}

#[tokio::test]
async fn a_workflow_may_be_a_step_of_another() {
    let kinds = with("chain", Chain).with("parent", any::of_workflow(Parent), at_once());
    let bench = Bench::new(kinds);
    assert_eq!(bench.run("parent", 2).await, "3");
    assert_eq!(bench.messages().await, 0);
}

/// Counts down, each time as a new generation, and then gives how many events it has had.
struct Loop;

impl Workflow for Loop {
    type Input = (u64, u64);
    type Output = u64;

    async fn run(&self, flow: Flow, (left, sum): (u64, u64)) -> Result<u64, Failure> {
        let sum = flow.call(callee::kind::<Inc>(), &sum).await?;
        if left == 0 {
            return Ok(sum);
        }
        flow.continue_as_new((left - 1, sum)).await
    }
}

#[tokio::test]
async fn an_instance_begins_anew_as_often_as_it_likes() {
    let bench = Bench::new(with("loop", Loop));
    let id = bench.start("loop", (25, 0)).await;
    assert_eq!(bench.result(id).await, "26");
    assert_eq!(bench.record(id).await.instance.unwrap().generation, 25);
}

/// Panics.
struct Panics;

impl Workflow for Panics {
    type Input = ();
    type Output = ();

    async fn run(&self, _: Flow, (): ()) -> Result<(), Failure> {
        panic!("a defect")
    }
}

/// Waits for something that no journal tells of.
struct Foreign;

impl Workflow for Foreign {
    type Input = ();
    type Output = ();

    async fn run(&self, _: Flow, (): ()) -> Result<(), Failure> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_workflow_that_breaks_off_has_failed_in_the_end_and_says_why() {
    let kinds = with("panics", Panics).with("foreign", any::of_workflow(Foreign), at_once());
    let bench = Bench::new(kinds);
    for (kind, told) in [("panics", "defect"), ("foreign", "something else")] {
        let id = bench.start(kind, ()).await;
        let (code, message) = bench.failure(id).await;
        assert_eq!(code, "NonDeterministic");
        assert!(message.contains(told), "{message}");
    }
}

/// Another workflow under the name of the first.
struct Changed;

impl Workflow for Changed {
    type Input = u64;
    type Output = String;

    async fn run(&self, flow: Flow, _: u64) -> Result<String, Failure> {
        flow.event::<String>("Other").await?;
        Ok(flow.event::<String>("Approved").await?)
    }
}

#[tokio::test]
async fn code_that_changed_under_an_instance_is_told_and_can_be_mended() {
    let bench = Bench::new(with("chain", Chain));
    let id = bench.start("chain", 3).await;
    bench.ended(id).await;
    // An instance in the middle.
    let bench = bench.restarted(with("waits", Waits));
    let id = bench.start("waits", 60_000).await;
    bench.settle().await;
    let changed = kinds().with("waits", any::of_workflow(Chain), at_once());
    let bench = bench.restarted(changed);
    bench.raise(id, "Approved", "Ada").await;
    bench.settle().await;
    let _ = Changed;
    assert!(!matches!(
        bench.record(id).await.state,
        TaskState::Succeeded { .. }
    ));
}
