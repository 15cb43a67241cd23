//! Many members, and what they give together.

use work::workflow::{Flow, StepError, Workflow, callee};
use work::{Failure, any};

use super::bench::Bench;
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
