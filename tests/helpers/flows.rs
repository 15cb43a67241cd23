//! Workflows that compute a Fibonacci number step by step: in a row, side by side, as a family and in a loop.
//! Each gives what the kind `fibonacci` gives for the same number, so whatever checks the one checks the others.

use std::time::Duration;

use futures_util::future::join;
use serde::{Deserialize, Serialize};
use work::schemars::{self, JsonSchema};
use work::workflow::{Either, Flow, Workflow, callee, join_all, select};
use work::{Context, ErrorCode, Failure, Kind};

/// Which number.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Asked {
    pub(crate) number: u32,
}

/// The number, in digits.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Computed {
    pub(crate) number: u32,
    pub(crate) calculation_result: String,
}

/// Two numbers, or two neighbours of the sequence.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Pair {
    pub(crate) one: u64,
    pub(crate) other: u64,
}

impl Computed {
    fn new(number: u32, value: u64) -> Self {
        Self {
            number,
            calculation_result: value.to_string(),
        }
    }

    fn value(&self) -> Result<u64, Failure> {
        self.calculation_result.parse().map_err(|_| WRONG.into())
    }
}

/// What would be a defect of the engine: a member has what another gave.
struct Wrong;

const WRONG: Wrong = Wrong;

impl From<Wrong> for Failure {
    fn from(_: Wrong) -> Self {
        Self::permanent(
            ErrorCode::literal("Wrong"),
            "this is not what was asked for",
        )
    }
}

/// Adds.
pub(crate) struct Add;

impl Kind for Add {
    type Input = Pair;
    type Output = u64;

    async fn run(&self, pair: Pair, _: &Context) -> Result<u64, Failure> {
        Ok(pair.one + pair.other)
    }
}

/// One addition after another.
pub(crate) struct Chain;

impl Workflow for Chain {
    type Input = Asked;
    type Output = Computed;

    async fn run(&self, flow: Flow, asked: Asked) -> Result<Computed, Failure> {
        let mut pair = Pair { one: 0, other: 1 };
        for _ in 0..asked.number {
            let sum = flow.call(callee::kind::<Add>(), &pair).await?;
            pair = Pair {
                one: pair.other,
                other: sum,
            };
        }
        Ok(Computed::new(asked.number, pair.one))
    }
}

/// Two additions side by side, and one of what they gave.
pub(crate) struct Join;

impl Workflow for Join {
    type Input = Asked;
    type Output = Computed;

    async fn run(&self, flow: Flow, asked: Asked) -> Result<Computed, Failure> {
        let of = |less: u32| Pair {
            one: fibonacci(asked.number.saturating_sub(less)),
            other: 0,
        };
        let calls = [of(1), of(2)].map(|pair| flow.call(callee::kind::<Add>(), &pair));
        let both = join_all(calls).await.into_iter();
        let both: Vec<u64> = both.collect::<Result<_, _>>()?;
        let [one, other] = both[..] else {
            return Err(WRONG.into());
        };
        let sum = flow
            .call(callee::kind::<Add>(), &Pair { one, other })
            .await?;
        Ok(Computed::new(asked.number, sum))
    }
}

/// Which number, and by how many side by side.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Wide {
    pub(crate) number: u32,
    #[serde(default = "three")]
    pub(crate) width: u64,
}

fn three() -> u64 {
    3
}

/// Additions side by side, which differ by their number among them.
pub(crate) struct Fan;

impl Workflow for Fan {
    type Input = Wide;
    type Output = Computed;

    async fn run(&self, flow: Flow, wide: Wide) -> Result<Computed, Failure> {
        let value = fibonacci(wide.number);
        let pairs = (0..wide.width).map(|one| Pair { one, other: value });
        let sums: Vec<u64> = flow
            .all(callee::kind::<Add>(), pairs.collect())
            .or_first_failure()
            .await?;
        match (0..wide.width)
            .zip(&sums)
            .all(|(one, sum)| one + value == *sum)
        {
            true => Ok(Computed::new(
                wide.number,
                sums.first().copied().unwrap_or(value),
            )),
            false => Err(WRONG.into()),
        }
    }
}

/// A child by itself, and at the same time two side by side.
pub(crate) struct Family;

impl Workflow for Family {
    type Input = Asked;
    type Output = Computed;

    async fn run(&self, flow: Flow, asked: Asked) -> Result<Computed, Failure> {
        let of = |less: u32| Asked {
            number: asked.number.saturating_sub(less),
        };
        let chain = callee::workflow::<Chain>;
        let one = flow.call(chain(), &of(1));
        let others = flow.all(chain(), vec![of(2), of(2)]).or_first_failure();
        let (one, others) = join(one, others).await;
        let mut sum = one?.value()?;
        let others: Vec<Computed> = others?;
        let [second, third] = &*others else {
            return Err(WRONG.into());
        };
        sum += second.value()?;
        match second.value()? == third.value()? {
            true => Ok(Computed::new(asked.number, sum)),
            false => Err(WRONG.into()),
        }
    }
}

/// How far a loop has come.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Round {
    number: u32,
    #[serde(default)]
    rounds: u32,
    #[serde(default)]
    one: u64,
    #[serde(default)]
    other: u64,
}

/// An addition, and then itself again.
pub(crate) struct Loop;

impl Workflow for Loop {
    type Input = Round;
    type Output = Computed;

    async fn run(&self, flow: Flow, round: Round) -> Result<Computed, Failure> {
        if round.rounds == round.number {
            return Ok(Computed::new(round.number, round.one));
        }
        let pair = Pair {
            one: round.one,
            other: round.other.max(1),
        };
        let sum = flow.call(callee::kind::<Add>(), &pair).await?;
        let next = Round {
            rounds: round.rounds + 1,
            one: pair.other,
            other: sum,
            ..round
        };
        flow.continue_as_new(next).await
    }
}

/// The two numbers before, by the kind that may refuse them.
pub(crate) struct Checked;

impl Workflow for Checked {
    type Input = Asked;
    type Output = Computed;

    async fn run(&self, flow: Flow, asked: Asked) -> Result<Computed, Failure> {
        let of = |less: u32| Asked {
            number: asked.number.saturating_sub(less),
        };
        let fibonacci = callee::named::<Asked, Computed>("fibonacci");
        let both = flow
            .all(fibonacci, vec![of(1), of(2)])
            .or_first_failure()
            .await?;
        let both: Vec<u64> = both.iter().map(Computed::value).collect::<Result<_, _>>()?;
        Ok(Computed::new(asked.number, both.iter().sum()))
    }
}

/// Which number, and for how many milliseconds nobody is to answer.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Patience {
    pub(crate) number: u32,
    #[serde(default = "moment")]
    pub(crate) milliseconds: u64,
    /// What it says of itself meanwhile, if it is to say something.
    #[serde(default)]
    pub(crate) status: Option<String>,
}

fn moment() -> u64 {
    200
}

/// An addition when somebody has said so, or when the time is over.
pub(crate) struct Approval;

impl Workflow for Approval {
    type Input = Patience;
    type Output = Computed;

    async fn run(&self, flow: Flow, patience: Patience) -> Result<Computed, Failure> {
        let wait = Duration::from_millis(patience.milliseconds);
        if let Some(status) = &patience.status {
            flow.set_status(status);
        }
        let event = flow.event::<u64>("approved");
        let more = match select(event, flow.sleep(wait)).await {
            Either::First(more) => more?,
            Either::Second(()) => 0,
        };
        let pair = Pair {
            one: fibonacci(patience.number),
            other: more,
        };
        let sum = flow.call(callee::kind::<Add>(), &pair).await?;
        Ok(Computed::new(patience.number, sum))
    }
}

/// F(n), by addition.
fn fibonacci(number: u32) -> u64 {
    let (mut one, mut other) = (0, 1);
    for _ in 0..number {
        (one, other) = (other, one + other);
    }
    one
}
