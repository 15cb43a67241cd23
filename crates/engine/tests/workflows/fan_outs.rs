//! Many members, and what they give together.

use std::collections::BTreeMap;

use engine::limits::{MEMBERS_IN_RANGE, RANGES_SIDE_BY_SIDE};
use futures_util::future::join_all;
use ports::Settle;
use work::workflow::{Flow, StepError, Workflow, callee};
use work::{Failure, any};

use super::bench::Bench;
use super::dying::Death;
use super::steps::{Boom, Double, Inc, at_once, with};

struct Fan;

impl Workflow for Fan {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, members: u64) -> Result<u64, Failure> {
        let numbers = flow.all(callee::kind::<Inc>(), (0..members).collect());
        let numbers: Vec<u64> = numbers.or_first_failure().await?;
        assert!(numbers.iter().copied().eq(1..=members));
        Ok(numbers.iter().sum())
    }
}

#[tokio::test]
async fn a_fan_out_gathers_all_its_members_in_their_order() {
    let bench = Bench::new(with("fan", Fan));
    for members in [0, 1, 2, 40, 300, 700] {
        let sum = members * (members + 1) / 2;
        assert_eq!(bench.run("fan", members).await, sum.to_string());
        assert_eq!(bench.messages().await, 0);
    }
}

#[tokio::test]
async fn a_large_fan_out_does_not_fill_the_queue() {
    let bench = Bench::new(with("fan", Fan));
    let members: u64 = 4_000;
    let id = bench.start("fan", members).await;
    let mut most = 0;
    while bench.work().await > 0 {
        most = most.max(bench.messages().await);
    }
    let sum = members * (members + 1) / 2;
    assert_eq!(bench.result(id).await, sum.to_string());
    let ranges = u64::from(RANGES_SIDE_BY_SIDE * (MEMBERS_IN_RANGE + 1));
    assert!(most > ranges / 2 && most <= ranges, "{most}");
}

struct QuickFan;

impl Workflow for QuickFan {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, members: u64) -> Result<u64, Failure> {
        let numbers = flow.all(callee::blocking::<Double>(), (0..members).collect());
        let numbers: Vec<u64> = numbers.or_first_failure().await?;
        Ok(numbers.iter().sum())
    }
}

#[tokio::test]
async fn quick_members_share_messages() {
    let bench = Bench::new(with("fan", QuickFan));
    for members in [1, 31, 32, 33, 1_000, 9_000] {
        let sum = members * (members - 1);
        assert_eq!(bench.run("fan", members).await, sum.to_string());
    }
}

struct SomeFail;

impl Workflow for SomeFail {
    type Input = Vec<String>;
    type Output = Vec<String>;

    async fn run(&self, flow: Flow, members: Vec<String>) -> Result<Vec<String>, Failure> {
        let ends = flow.all(callee::kind::<Boom>(), members).await;
        let codes = ends
            .into_iter()
            .map(|end: Result<String, StepError>| match end {
                Ok(result) => result,
                Err(error) => error.code.as_str().to_owned(),
            });
        Ok(codes.collect())
    }
}

#[tokio::test]
async fn a_member_that_fails_is_told_of_in_its_place() {
    let bench = Bench::new(with("fan", SomeFail));
    let result = bench
        .run("fan", ["for good", "for a while", "for good"])
        .await;
    assert_eq!(result, r#"["Boom","NotNow","Boom"]"#);
}

#[tokio::test]
async fn a_fan_out_is_looked_at_whose_last_adder_died_and_lost_its_message() {
    let kinds = || with("fan", Fan);
    let bench = Bench::new(kinds());
    let id = bench.start("fan", 3).await;
    assert_eq!(bench.work().await, 1);
    let mut members = bench.engine.consumers[0].receive(32).await.unwrap();
    let last = members.pop().unwrap();
    for member in members {
        bench.engine.consumers[0].process(member).await;
    }
    let receipt = last.receipt.clone().unwrap();
    // Its first call is that which adds.
    let death = Death::at(0, true);
    let bench = bench.dying(kinds(), &death, false);
    tokio::select! {
        () = death.dead.cancelled() => {}
        _ = bench.engine.consumers[0].process(last) => panic!("it lives"),
    }
    let bench = bench.restarted(kinds());
    bench.messages.settle(&receipt, Settle::Done).await.unwrap();
    assert_eq!(bench.messages().await, 0);
    bench.send_again(id).await;
    assert_eq!(bench.result(id).await, "6");
    assert_eq!(bench.messages().await, 0);
}

/// How many members gave what, by code.
struct Counting;

impl Workflow for Counting {
    type Input = u64;
    type Output = BTreeMap<String, usize>;

    async fn run(&self, flow: Flow, members: u64) -> Result<BTreeMap<String, usize>, Failure> {
        let ends = flow.all(callee::kind::<Inc>(), (0..members).collect());
        let mut counts = BTreeMap::new();
        for end in ends.await {
            let code = end.map_or_else(
                |error| error.code.as_str().to_owned(),
                |_: u64| "ok".to_owned(),
            );
            *counts.entry(code).or_default() += 1;
        }
        Ok(counts)
    }
}

#[tokio::test]
async fn members_fail_whose_range_is_given_up_before_they_are_sent() {
    let bench = Bench::new(with("fan", Counting));
    let id = bench.start("fan", 600).await;
    assert_eq!(bench.work().await, 1);
    let consumer = &bench.engine.consumers[0];
    let mut ranges = consumer.receive(32).await.unwrap();
    assert_eq!(ranges.len(), 3);
    let lost = ranges.pop().unwrap();
    let how = Settle::DeadLetter {
        text: &lost.text,
        reason: "a test",
    };
    bench
        .messages
        .settle(lost.receipt.as_ref().unwrap(), how)
        .await
        .unwrap();
    for letter in consumer.receive_dead_letters(32).await.unwrap() {
        assert!(consumer.bury(&letter).await.unwrap());
    }
    join_all(ranges.into_iter().map(|range| consumer.process(range))).await;
    assert_eq!(bench.result(id).await, r#"{"DeadLettered":200,"ok":400}"#);
}

struct Chain;

impl Workflow for Chain {
    type Input = u64;
    type Output = Vec<u64>;

    async fn run(&self, flow: Flow, from: u64) -> Result<Vec<u64>, Failure> {
        let one = flow.call(callee::kind::<Inc>(), &from).await?;
        let two = flow.call(callee::kind::<Inc>(), &one).await?;
        Ok(vec![one, two])
    }
}

struct Children;

impl Workflow for Children {
    type Input = u64;
    type Output = Vec<Vec<u64>>;

    async fn run(&self, flow: Flow, count: u64) -> Result<Vec<Vec<u64>>, Failure> {
        let all = flow.all(callee::workflow::<Chain>(), (0..count).collect());
        Ok(all.or_first_failure().await?)
    }
}

#[tokio::test]
async fn workflows_are_members_too() {
    let kinds = with("chain", Chain).with("children", any::of_workflow(Children), at_once());
    let bench = Bench::new(kinds);
    assert_eq!(bench.run("children", 3).await, "[[1,2],[2,3],[3,4]]");
    assert_eq!(bench.messages().await, 0);
}

/// Gives what it is given.
struct Echo;

impl Workflow for Echo {
    type Input = u64;
    type Output = u64;

    async fn run(&self, _: Flow, number: u64) -> Result<u64, Failure> {
        Ok(number)
    }
}

struct Echoes;

impl Workflow for Echoes {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, count: u64) -> Result<u64, Failure> {
        let all = flow.all(callee::workflow::<Echo>(), (0..count).collect());
        let numbers: Vec<u64> = all.or_first_failure().await?;
        Ok(numbers.iter().sum())
    }
}

#[tokio::test]
async fn a_range_may_end_with_a_single_workflow() {
    let kinds = with("echo", Echo).with("echoes", any::of_workflow(Echoes), at_once());
    let bench = Bench::new(kinds);
    let count = u64::from(RANGES_SIDE_BY_SIDE * MEMBERS_IN_RANGE) + 1;
    let sum = count * (count - 1) / 2;
    assert_eq!(bench.run("echoes", count).await, sum.to_string());
}
