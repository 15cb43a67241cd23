//! Chains, timers, events and ends.

use std::time::{Duration, Instant};

use engine::TaskState;
use work::workflow::{Either, Flow, Retry, Workflow, callee, join_all, select};
use work::{Failure, any};

use super::bench::Bench;
use super::steps::{Boom, Double, Flaky, Inc, NotYet, at_once, kinds, with};

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
        let call = flow
            .call(callee::kind::<Flaky>(), &String::new())
            .retry(retry);
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

/// Gives a status after the first event, and waits for another.
struct Twice;

impl Workflow for Twice {
    type Input = u64;
    type Output = String;

    async fn run(&self, flow: Flow, _: u64) -> Result<String, Failure> {
        let one = flow.event::<String>("Approved").await?;
        flow.call(callee::kind::<Inc>(), &1).await?;
        let other = flow.event::<String>("Approved").await?;
        Ok(format!("{one} and {other}"))
    }
}

/// The same with another step where the first had one.
struct TwiceChanged;

impl Workflow for TwiceChanged {
    type Input = u64;
    type Output = String;

    async fn run(&self, flow: Flow, _: u64) -> Result<String, Failure> {
        let one = flow.event::<String>("Approved").await?;
        flow.call(callee::blocking::<Double>(), &1).await?;
        let other = flow.event::<String>("Approved").await?;
        Ok(format!("{one} and {other}"))
    }
}

#[tokio::test]
async fn code_that_changed_under_an_instance_is_told_and_mended_by_a_deployment() {
    let bench = Bench::new(with("twice", Twice));
    let id = bench.start("twice", 0).await;
    bench.raise(id, "Approved", "Ada").await;
    bench.settle().await;
    let bench = bench.restarted(with("twice", TwiceChanged));
    bench.raise(id, "Approved", "Grace").await;
    let (code, message) = bench.failure(id).await;
    assert_eq!(code, "NonDeterministic");
    assert!(
        message.contains("inc") && message.contains("double"),
        "{message}"
    );
    // The event was kept.
    let bench = bench.restarted(with("twice", Twice));
    let retried = bench.engine.tasks.retry(id).await.unwrap();
    assert!(matches!(retried, engine::Operated::Done(_)));
    assert_eq!(bench.result(id).await, "\"Ada and Grace\"");
}

/// The second version of [`Chain`]: it doubles.
struct Chain2;

impl Workflow for Chain2 {
    const VERSION: u32 = 2;
    type Input = u64;
    type Output = String;

    async fn run(&self, flow: Flow, _: u64) -> Result<String, Failure> {
        Ok(flow.event::<String>("Two").await?)
    }
}

/// Its first version.
struct Chain1;

impl Workflow for Chain1 {
    type Input = u64;
    type Output = String;

    async fn run(&self, flow: Flow, _: u64) -> Result<String, Failure> {
        Ok(flow.event::<String>("One").await?)
    }
}

#[tokio::test]
async fn an_instance_ends_with_the_version_that_it_began_with() {
    let bench = Bench::new(with("chain", Chain1));
    let old = bench.start("chain", 0).await;
    bench.settle().await;
    let both = any::Versions::of(Chain2).and(Chain1).into_any();
    let bench = bench.restarted(kinds().with("chain", both, at_once()));
    let new = bench.start("chain", 0).await;
    bench.settle().await;
    bench.raise(old, "One", "old").await;
    bench.raise(new, "Two", "new").await;
    assert_eq!(bench.result(old).await, "\"old\"");
    assert_eq!(bench.result(new).await, "\"new\"");

    let lost = bench.start("chain", 0).await;
    bench.settle().await;
    let bench = bench.restarted(with("chain", Chain1));
    bench.raise(lost, "Two", "lost").await;
    assert_eq!(bench.failure(lost).await.0, "UnknownVersion");
}

/// Calls a kind that a deployment has taken away.
struct Calls;

impl Workflow for Calls {
    type Input = String;
    type Output = u64;

    async fn run(&self, flow: Flow, name: String) -> Result<u64, Failure> {
        Ok(flow.call(callee::named::<u64, u64>(&name), &1).await?)
    }
}

#[tokio::test]
async fn a_step_that_nobody_knows_has_failed() {
    let bench = Bench::new(with("calls", Calls));
    assert_eq!(bench.run("calls", "inc").await, "2");
    let id = bench.start("calls", "gone").await;
    let (code, message) = bench.failure(id).await;
    assert_eq!(code, "NotRegistered");
    assert!(message.contains("gone"), "{message}");
}

/// Calls what asks for another time: alone, or as members.
struct Later;

impl Workflow for Later {
    type Input = bool;
    type Output = u64;

    async fn run(&self, flow: Flow, alone: bool) -> Result<u64, Failure> {
        let not_yet = callee::kind::<NotYet>();
        if alone {
            return Ok(flow.call(not_yet, &1).await?);
        }
        let all: Vec<u64> = flow.all(not_yet, vec![1, 2]).or_first_failure().await?;
        Ok(all.len() as u64)
    }
}

#[tokio::test]
async fn a_step_that_is_put_off_is_not_taken_for_lost_before_its_time() {
    for alone in [true, false] {
        let bench = Bench::new(with("later", Later));
        let id = bench.start("later", alone).await;
        bench.settle().await;
        let page = bench.store.list("", None, 10).await.unwrap();
        let listed = page.items.iter().find(|one| one.name == id.to_string());
        let due_at = listed.unwrap().head.as_ref().unwrap().due_at().unwrap();
        let left = due_at - bench.record(id).await.updated_at;
        assert!(left.whole_minutes() >= 59, "{alone} {left}");
    }
}

/// Asks for too much.
struct TooMuch;

impl Workflow for TooMuch {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, count: u64) -> Result<u64, Failure> {
        if count > 1_000 {
            let all = flow.all(callee::blocking::<Double>(), (0..count).collect());
            let all: Vec<u64> = all.or_first_failure().await?;
            return Ok(all.len() as u64);
        }
        let calls = (0..count).map(|number| flow.call(callee::kind::<Inc>(), &number));
        Ok(join_all(calls).await.len() as u64)
    }
}

#[tokio::test]
async fn what_is_beyond_the_limits_is_told() {
    let bench = Bench::new(with("much", TooMuch));
    for (count, expected) in [(200, "TooManySteps"), (10_001, "TooManyMembers")] {
        let id = bench.start("much", count).await;
        assert_eq!(bench.failure(id).await.0, expected);
    }
    assert_eq!(bench.messages().await, 0);
}
