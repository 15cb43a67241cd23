//! Deployments side by side under the limits of Azure Storage, simulated.
//!
//! A stamp is one deployment with a queue of its own; `PUBLIC_BASE_URL` makes the links of a task
//! lead back to the stamp that accepted it. Token buckets stand for the limits, the calls that this
//! tool counts over the emulator for the load, and nothing else takes time.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::http::HttpError;
use super::random::Random;

/// Messages in and out of one queue in a second, and calls to one account:
/// <https://learn.microsoft.com/azure/storage/queues/scalability-targets>.
const QUEUE_LIMIT: f64 = 2_000.0;
const ACCOUNT_LIMIT: f64 = 20_000.0;
/// A task's share of a call that receives messages, with 64 clients. With a backlog it is 1/32.
const RECEIVE: f64 = 0.1;
/// What a task asks of its queue, and of its account in all, one step after the other: create and
/// send; receive, replace and delete the message; read and delete.
const STEPS: [(f64, f64); 3] = [(1.0, 2.0), (1.0 + RECEIVE, 2.0 + RECEIVE), (0.0, 2.0)];

/// Stamps, accounts, and whether a new task goes to the stamp with the fewest or where a hash leads.
const LAYOUTS: [(usize, usize, bool); 10] = [
    (1, 1, true),
    (2, 2, true),
    (4, 4, true),
    (8, 8, true),
    (2, 2, false),
    (4, 4, false),
    (8, 8, false),
    (2, 1, true),
    (4, 1, true),
    (8, 1, true),
];
/// Arrivals as shares of what the limits allow.
const LOADS: [f64; 3] = [0.9, 1.0, 1.1];

const TICK: f64 = 0.01;
const SECONDS: f64 = 60.0;
/// How much of a limit that was not used up is left for later, in seconds of it.
const BURST: f64 = 0.1;
/// How far simulation and formula may be apart, since arrivals are random.
const TOLERANCE: f64 = 0.02;

/// Simulates and prints all. The error is a formula that says something else.
pub(crate) fn simulate() -> Result<Value, HttpError> {
    println!("| Stamps | Accounts | Routing | Load | Arriving/s | Done/s | Left | p99 wait, ms |");
    println!("|---:|---:|---|---:|---:|---:|---:|---:|");
    let mut rows = Vec::new();
    for (stamps, accounts, least_loaded) in LAYOUTS {
        let queued: f64 = STEPS.iter().map(|step| step.0).sum();
        let called: f64 = STEPS.iter().map(|step| step.1).sum();
        let limit =
            (stamps as f64 * QUEUE_LIMIT / queued).min(accounts as f64 * ACCOUNT_LIMIT / called);
        for load in LOADS {
            let (arriving, expected) = (load * limit, load.min(1.0) * limit);
            let (mut waits, left) = run(stamps, accounts, least_loaded, arriving);
            waits.sort_by(f64::total_cmp);
            let finished = waits.len() as f64 / SECONDS;
            let p99_wait_ms = waits[waits.len() * 99 / 100] * 1_000.0;
            let routing = if least_loaded { "least loaded" } else { "hash" };
            println!(
                "| {stamps} | {accounts} | {routing} | {:.0} % | {arriving:.0} | {finished:.0} | {left} | {p99_wait_ms:.0} |",
                load * 100.0
            );
            if (finished / expected - 1.0).abs() > TOLERANCE {
                return Err(format!("the formula says {expected:.0} tasks/s").into());
            }
            rows.push(json!({
                "stamps": stamps,
                "accounts": accounts,
                "routing": routing,
                "load": load,
                "arriving": arriving,
                "finished": finished,
                "left": left,
                "p99_wait_ms": p99_wait_ms,
            }));
        }
    }
    Ok(rows.into())
}

/// A limit of so much in a second, and what is left of it.
#[derive(Clone)]
struct Bucket {
    limit: f64,
    left: f64,
}

impl Bucket {
    fn of(limit: f64) -> Self {
        Self { limit, left: 0.0 }
    }

    fn refill(&mut self) {
        self.left = (self.left + self.limit * TICK).min(self.limit * BURST);
    }
}

/// How long each finished task had waited for the limits, in seconds, and how many had not finished.
fn run(stamps: usize, accounts: usize, least_loaded: bool, arriving: f64) -> (Vec<f64>, usize) {
    let mut queues = vec![Bucket::of(QUEUE_LIMIT); stamps];
    let mut accounts = vec![Bucket::of(ACCOUNT_LIMIT); accounts];
    // When each task arrived that waits for its next step, by stamp and step.
    let mut lines = vec![<[VecDeque<f64>; STEPS.len()]>::default(); stamps];
    let mut random = Random::of(1, "arrivals", 0);
    let (mut waits, mut next) = (Vec::new(), 0.0);
    for tick in 1..=(SECONDS / TICK) as usize {
        let now = tick as f64 * TICK;
        queues
            .iter_mut()
            .chain(&mut accounts)
            .for_each(Bucket::refill);
        while next < now {
            let load = |stamp: &usize| lines[*stamp].iter().map(VecDeque::len).sum::<usize>();
            let any = random.below(stamps);
            let fewest = (0..stamps).min_by_key(load).unwrap_or(any);
            lines[if least_loaded { fewest } else { any }][0].push_back(next);
            // Clients do not know of each other: the times between them are exponential.
            next -= (1.0 - random.below(1 << 30) as f64 / f64::from(1 << 30)).ln() / arriving;
        }
        // One of each line in turn, as storage refuses calls without regard to their kind. The last
        // may overdraw, lest the cheaper step overtake the dearer one; and each is first at times.
        let mut moved = true;
        while moved {
            moved = false;
            for (index, lines) in lines.iter_mut().enumerate() {
                let shared = index % accounts.len();
                let (queue, account) = (&mut queues[index], &mut accounts[shared]);
                for step in (0..STEPS.len()).map(|step| (step + tick) % STEPS.len()) {
                    let (messages, calls) = STEPS[step];
                    let refused = account.left <= 0.0 || (messages > 0.0 && queue.left <= 0.0);
                    let Some(arrived) = (!refused).then(|| lines[step].pop_front()).flatten()
                    else {
                        continue;
                    };
                    queue.left -= messages;
                    account.left -= calls;
                    moved = true;
                    match lines.get_mut(step + 1) {
                        Some(line) => line.push_back(arrived),
                        None => waits.push(now - arrived),
                    }
                }
            }
        }
    }
    let left = lines.iter().flatten().map(VecDeque::len).sum();
    (waits, left)
}
