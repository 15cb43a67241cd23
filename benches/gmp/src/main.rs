//! Measures the kind `fibonacci`, JSON in and JSON out, against GMP's `mpz_fib_ui` and
//! `mpz_get_str`, both on one machine in one run, and checks that they give the same digits.
//!
//! ```sh
//! apt-get install gcc libc6-dev m4 make       # GMP is built from source
//! cargo run --release -p gmp                  # a table and the budgets
//! cargo run --release -p gmp -- --json        # the budgets alone, as JSON
//! ```

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_request_reply::kinds;
use clap::Parser;
use rug::Integer;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use work::any::{AnyKind, Prepared, ResultLimit};
use work::{Context, Kinds};

/// The default limit, and what the budget is for.
const LARGEST: u32 = 10_000_000;

/// Numbers up to this one are to cost next to nothing.
const SMALL: u32 = 1_000;

/// Nothing here is too large.
const NO_LIMIT: ResultLimit = ResultLimit::bytes(usize::MAX);

/// Measurements of which the median counts.
const ROUNDS: usize = 11;

/// A measurement repeats what is shorter than this, which the clock cannot resolve.
const SHORTEST: Duration = Duration::from_millis(2);

#[derive(Debug, Parser)]
#[command(about = "Measures the kind `fibonacci` against GMP")]
struct Args {
    /// Prints the budgets as JSON and nothing else.
    #[arg(long)]
    json: bool,
}

/// A figure and what it may be at most.
#[derive(Debug, Serialize)]
struct Budget {
    name: &'static str,
    value: f64,
    target: f64,
    met: bool,
}

impl Budget {
    fn new(name: &'static str, value: f64, target: f64) -> Self {
        let met = value <= target;
        Self {
            name,
            value,
            target,
            met,
        }
    }
}

#[derive(Deserialize)]
struct Output<'a> {
    calculation_result: &'a str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let kinds = kinds::with_fibonacci(Kinds::default(), LARGEST.into());
    let product = Product {
        kind: &kinds
            .get("fibonacci")
            .ok_or("the kind has another name")?
            .kind,
        cx: Context::for_test(),
    };
    let mut times = 0.0;
    for n in [1_000, 10_000, 100_000, 1_000_000, LARGEST] {
        let (ours, theirs) = compare(&product, n)?;
        times = ours.as_secs_f64() / theirs.as_secs_f64();
        if !args.json {
            println!("n = {n:>8}: {ours:>10.1?}, GMP {theirs:>10.1?}, {times:.2} times");
        }
    }
    let budgets = [
        Budget::new("fibonacci: n = 10,000,000, times GMP", times, 5.0),
        Budget::new(
            "fibonacci: n up to 1,000, microseconds",
            slowest_small(&product)?.as_secs_f64() * 1e6,
            10.0,
        ),
    ];
    if args.json {
        println!("{}", serde_json::to_string_pretty(&budgets)?);
    } else {
        for Budget {
            name,
            value,
            target,
            met,
        } in budgets
        {
            let met = if met { "met" } else { "MISSED" };
            println!("{name}: {value:.2}, at most {target} ({met})");
        }
    }
    Ok(())
}

/// The kind as a worker sees it.
struct Product<'a> {
    kind: &'a Arc<dyn AnyKind>,
    cx: Context,
}

impl Product<'_> {
    fn run(&self, input: &RawValue) -> Result<Box<RawValue>, Box<dyn Error>> {
        match Arc::clone(self.kind).prepare(input)? {
            Prepared::Quick(run) | Prepared::Blocking(run) => {
                run(&self.cx, NO_LIMIT).map_err(|failure| format!("{failure:?}").into())
            }
            Prepared::Waiting(_) | Prepared::Workflow(_) => Err("the kind waits".into()),
        }
    }
}

fn input(n: u32) -> Result<Box<RawValue>, serde_json::Error> {
    to_raw_value(&serde_json::json!({ "number": n }))
}

fn gmp(n: u32) -> String {
    Integer::from(Integer::fibonacci(n)).to_string()
}

/// What F(n) costs us and what it costs GMP: the medians of rounds that alternate.
fn compare(product: &Product<'_>, n: u32) -> Result<(Duration, Duration), Box<dyn Error>> {
    let input = input(n)?;
    let begun = Instant::now();
    let output = product.run(&input)?;
    let output: Output<'_> = serde_json::from_str(output.get())?;
    if output.calculation_result != gmp(n) {
        return Err(format!("F({n}) is not what GMP says").into());
    }
    let repeats = SHORTEST.div_duration_f64(begun.elapsed()).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and a few thousand"
    )]
    let repeats = repeats as u32;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(time(repeats, || product.run(&input).map(drop))?);
        theirs.push(time(repeats, || {
            black_box(gmp(black_box(n)));
            Ok(())
        })?);
    }
    Ok((median(ours), median(theirs)))
}

/// The median time of the number up to [`SMALL`] that takes longest.
fn slowest_small(product: &Product<'_>) -> Result<Duration, Box<dyn Error>> {
    let mut slowest = Duration::ZERO;
    for n in 0..=SMALL {
        let input = input(n)?;
        let times: Result<_, _> = (0..101)
            .map(|_| time(1, || product.run(&input).map(drop)))
            .collect();
        slowest = slowest.max(median(times?));
    }
    Ok(slowest)
}

fn time(
    repeats: u32,
    mut work: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    for _ in 0..repeats {
        work()?;
    }
    Ok(begun.elapsed() / repeats)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
