//! A process that dies at any call to storage, before it or after it: the next one goes on, the result is as if
//! nobody had died, no message is left, and no step was done more than once more.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{Operated, TaskId};
use work::workflow::{Either, Flow, Workflow, callee, join_all, select};
use work::{Context, Failure, Kind, Kinds, Policy, any};

use super::bench::Bench;
use super::dying::Death;
use super::steps::at_once;

type Runs = Arc<Mutex<BTreeMap<String, u32>>>;

/// Counts how often it was done for each input.
#[derive(Clone, Default)]
struct Counted(Runs);

impl Kind for Counted {
    type Input = String;
    type Output = String;

    async fn run(&self, what: String, _: &Context) -> Result<String, Failure> {
        *self.0.lock().unwrap().entry(what.clone()).or_default() += 1;
        Ok(format!("<{what}>"))
    }
}

fn step(flow: &Flow, what: &str) -> work::workflow::Call<String> {
    flow.call(callee::kind::<Counted>(), &what.to_owned())
}

struct Chain;

impl Workflow for Chain {
    type Input = String;
    type Output = String;

    async fn run(&self, flow: Flow, name: String) -> Result<String, Failure> {
        let one = step(&flow, &format!("{name}1")).await?;
        let two = step(&flow, &format!("{name}2")).await?;
        Ok(format!("{one}{two}"))
    }
}

struct Join;

impl Workflow for Join {
    type Input = String;
    type Output = String;

    async fn run(&self, flow: Flow, name: String) -> Result<String, Failure> {
        let calls = ["a", "b", "c"].map(|call| step(&flow, &format!("{name}{call}")));
        let all: Result<Vec<_>, _> = join_all(calls).await.into_iter().collect();
        let last = step(&flow, "last").await?;
        Ok(format!("{}{last}", all?.concat()))
    }
}

struct Fan;

impl Workflow for Fan {
    type Input = String;
    type Output = String;

    async fn run(&self, flow: Flow, name: String) -> Result<String, Failure> {
        let inputs = (0..3).map(|member| format!("{name}{member}")).collect();
        let all = flow.all(callee::kind::<Counted>(), inputs);
        let all: Vec<String> = all.or_first_failure().await?;
        let last = step(&flow, "last").await?;
        Ok(format!("{}{last}", all.concat()))
    }
}

/// So many that no range of them is sent at once.
struct Large;

impl Workflow for Large {
    type Input = u32;
    type Output = usize;

    async fn run(&self, flow: Flow, members: u32) -> Result<usize, Failure> {
        let inputs = (0..members).map(|member| member.to_string()).collect();
        let all = flow.all(callee::kind::<Counted>(), inputs);
        let all: Vec<String> = all.or_first_failure().await?;
        let told = all.iter().enumerate();
        let right = told.filter(|(member, told)| **told == format!("<{member}>"));
        Ok(right.count())
    }
}

/// A child alone, then two side by side.
struct Family;

impl Workflow for Family {
    type Input = String;
    type Output = String;

    async fn run(&self, flow: Flow, name: String) -> Result<String, Failure> {
        let first = flow
            .call(callee::workflow::<Chain>(), &format!("{name}-"))
            .await?;
        let inputs = vec![format!("{name}x"), format!("{name}y")];
        let all = flow.all(callee::workflow::<Chain>(), inputs);
        let all: Vec<String> = all.or_first_failure().await?;
        Ok(format!("{first}{}", all.concat()))
    }
}

struct Loop;

impl Workflow for Loop {
    type Input = (u32, String);
    type Output = String;

    async fn run(&self, flow: Flow, (left, so_far): (u32, String)) -> Result<String, Failure> {
        let one = step(&flow, &left.to_string()).await?;
        let so_far = format!("{so_far}{one}");
        match left {
            0 => Ok(so_far),
            _ => flow.continue_as_new((left - 1, so_far)).await,
        }
    }
}

/// An event of two, or a timer.
struct Race;

impl Workflow for Race {
    type Input = u64;
    type Output = String;

    async fn run(&self, flow: Flow, millis: u64) -> Result<String, Failure> {
        let first = step(&flow, "first").await?;
        let event = flow.event::<String>("Go");
        let timer = flow.sleep(Duration::from_millis(millis));
        let how = match select(event, timer).await {
            Either::First(event) => event?,
            Either::Second(()) => "late".to_owned(),
        };
        let last = step(&flow, &how).await?;
        Ok(format!("{first}{last}"))
    }
}

fn kinds(runs: &Runs) -> Kinds {
    Kinds::default()
        .with("counted", any::of(Counted(runs.clone())), Policy::default())
        .with("chain", any::of_workflow(Chain), at_once())
        .with("join", any::of_workflow(Join), at_once())
        .with("fan", any::of_workflow(Fan), at_once())
        .with("large", any::of_workflow(Large), at_once())
        .with("family", any::of_workflow(Family), at_once())
        .with("loop", any::of_workflow(Loop), at_once())
        .with("race", any::of_workflow(Race), at_once())
}

/// What is done to an instance by its client.
#[derive(Clone, Copy)]
enum Client {
    Waits,
    Raises,
}

/// Runs an instance in a process that dies so, and then in another; gives its result, and how many calls the
/// first one made.
async fn run(
    (kind, input): (&str, serde_json::Value),
    client: Client,
    death: &Death,
    is_stepwise: bool,
    runs: &Runs,
) -> (String, u64) {
    let bench = Bench::new(kinds(runs));
    let id: TaskId = bench.start(kind, input).await;
    if let Client::Raises = client {
        bench.raise(id, "Go", "go").await;
    }
    let bench = bench.dying(kinds(runs), death, is_stepwise);
    tokio::select! {
        () = death.dead.cancelled() => {}
        _ = bench.ended(id) => bench.settle_unless(&death.dead).await,
    }
    let made = death.made();
    let bench = bench.restarted(kinds(runs));
    let result = bench.result(id).await;
    bench.settle().await;
    if kind != "race" {
        // Of that a timer is left, which nobody waits for.
        assert_eq!(bench.messages().await, 0, "{death:?}");
    }
    (result, made)
}

async fn survives(kind: &str, input: serde_json::Value, client: Client) {
    survives_at((kind, input), client, &[false, true], 0..u64::MAX).await;
}

/// The same, with deaths at these calls alone, where writes are made at once or step by step.
async fn survives_at(
    (kind, input): (&str, serde_json::Value),
    client: Client,
    stepwise: &[bool],
    calls: Range<u64>,
) {
    let runs = Runs::default();
    let never = Death::never();
    let (expected, _) = run((kind, input.clone()), client, &never, false, &runs).await;
    let once: Vec<_> = runs.lock().unwrap().values().copied().collect();
    assert!(once.iter().all(|runs| *runs == 1), "{runs:?}");
    let mut tried = 0;
    for is_stepwise in stepwise.iter().copied() {
        for is_done in [false, true] {
            for calls in calls.clone() {
                let death = Death::at(calls, is_done);
                let runs = Runs::default();
                let given = (kind, input.clone());
                let (result, _) = run(given, client, &death, is_stepwise, &runs).await;
                assert_eq!(result, expected, "{death:?} {is_stepwise}");
                let runs = runs.lock().unwrap();
                assert!(runs.values().all(|runs| *runs <= 2), "{death:?} {runs:?}");
                tried += 1;
                if !death.dead.is_cancelled() {
                    break;
                }
            }
        }
    }
    println!("{kind}: {tried} deaths");
}

#[tokio::test]
async fn a_chain_survives_any_death() {
    survives("chain", "c".into(), Client::Waits).await;
}

#[tokio::test]
async fn calls_side_by_side_survive_any_death() {
    survives("join", "j".into(), Client::Waits).await;
}

#[tokio::test]
async fn a_fan_out_survives_any_death() {
    survives("fan", "f".into(), Client::Waits).await;
}

#[tokio::test]
async fn the_ranges_of_a_large_fan_out_survive_any_death() {
    let large = ("large", 1_100.into());
    // All that is sent by ranges, whose members come after that.
    survives_at(large, Client::Waits, &[false], 3..13).await;
}

#[tokio::test]
async fn a_family_survives_any_death() {
    survives("family", "f".into(), Client::Waits).await;
}

#[tokio::test]
async fn a_loop_survives_any_death() {
    survives("loop", serde_json::json!([2, ""]), Client::Waits).await;
}

#[tokio::test]
async fn an_event_survives_any_death() {
    survives("race", 60_000.into(), Client::Raises).await;
}

#[tokio::test]
async fn a_timer_survives_any_death() {
    survives("race", 30.into(), Client::Waits).await;
}

#[tokio::test]
async fn a_cancel_survives_any_death() {
    for calls in 0..40 {
        for is_done in [false, true] {
            let runs = Runs::default();
            let bench = Bench::new(kinds(&runs));
            let death = Death::at(calls, is_done);
            let id = bench.start("family", "f").await;
            bench.work().await;
            let canceled = bench.engine.tasks.cancel(id).await.unwrap();
            assert!(matches!(canceled, Operated::Done(_)));
            let bench = bench.dying(kinds(&runs), &death, true);
            bench.settle_unless(&death.dead).await;
            let bench = bench.restarted(kinds(&runs));
            bench.settle().await;
            let all = bench.store.list("", None, 100).await.unwrap().items;
            let open = all.iter().filter_map(|listed| listed.head.as_ref());
            let open: Vec<_> = open
                .filter(|head| ["queued", "running"].contains(&&*head.status))
                .collect();
            assert!(open.is_empty(), "{death:?} {open:?}");
        }
    }
}
