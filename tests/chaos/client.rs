//! One of the clients: it submits, looks, cancels and fetches at random, and enters what it is told
//! into the ledger.

use std::sync::Arc;
use std::time::Instant;

use tokio::time::sleep;

use crate::front::{Front, Submission};
use crate::random::Random;

/// How long a client thinks between two requests, in milliseconds.
const THINKING: (usize, usize) = (20, 500);

/// How many of its tasks a client remembers. The ledger has them all.
const TASKS: usize = 12;

/// Acts until the time is over.
pub(crate) async fn live(front: Arc<Front>, seed: u64, number: u64, until: Instant) {
    let mut client = Client {
        random: Random::of(seed, "client", number),
        front,
        number,
        ids: Vec::new(),
        keyed: Vec::new(),
    };
    while Instant::now() < until {
        sleep(client.random.millis(THINKING.0, THINKING.1)).await;
        client.act().await;
    }
}

/// So many of 1,000 submissions are workflows. Each is dozens of messages.
const FLOWS: usize = 30;

/// Which ones, and what their numbers are less than: so many steps, members or rounds they have.
const SORTS: [(&str, usize); 6] = [
    ("flow-approval", 90),
    ("flow-chain", 12),
    ("flow-family", 10),
    ("flow-fan", 40),
    ("flow-join", 90),
    ("flow-loop", 8),
];

struct Client {
    random: Random,
    front: Arc<Front>,
    number: u64,
    /// Of the last accepted ones.
    ids: Vec<String>,
    /// Submissions with a key, which may be repeated at any time.
    keyed: Vec<Submission>,
}

impl Client {
    async fn act(&mut self) {
        let dice = self.random.below(100);
        if self.ids.is_empty() || dice < 30 {
            let submission = self.submission();
            if submission.key.is_some() {
                self.keyed.push(submission.clone());
            }
            return self.submit(&submission).await;
        }
        if dice < 34 && !self.keyed.is_empty() {
            let submission = self.random.pick(&self.keyed).clone();
            return self.submit(&submission).await;
        }
        let id = self.random.pick(&self.ids).clone();
        let (front, mut random) = (Arc::clone(&self.front), self.random.clone());
        // Now and then two requests at the same time, which may reach two processes.
        if dice >= 95 {
            let mut other = Random::of(self.random.number(), "other", 0);
            tokio::join!(ask(&front, &mut random, &id), ask(&front, &mut other, &id),);
        } else {
            ask(&front, &mut random, &id).await;
        }
        self.random = random;
    }

    async fn submit(&mut self, submission: &Submission) {
        if let Some(id) = self.front.submit(&mut self.random, submission).await {
            // While it waits or runs: most are done before their client asks again.
            if self.random.permille(200) {
                self.front.cancel(&mut self.random, &id).await;
            }
            self.ids.push(id);
            if self.ids.len() > TASKS {
                self.ids.remove(0);
            }
        }
    }

    fn submission(&mut self) -> Submission {
        let random = &mut self.random;
        // The last takes a second or so: long enough to be killed in.
        let (from, to) = match random.below(1_000) {
            0..=899 => (0, 300),
            900..=969 => (300, 30_000),
            970..=996 => (30_000, 300_000),
            _ => (1_000_000, 3_000_000),
        };
        let number = (from + random.below(to - from)) as i64;
        let number = if random.permille(100) {
            -number
        } else {
            number
        };
        let (number, flow) = match random.permille(FLOWS) {
            true => {
                let (flow, below) = *random.pick(&SORTS);
                // A family has numbers before its own.
                ((2 + random.below(below - 2)) as i64, Some(flow))
            }
            false => (number, None),
        };
        let key = random
            .permille(200)
            .then(|| format!("client {}, {}", self.number, random.number()));
        let wait = random.permille(100).then_some("wait=3");
        Submission {
            number,
            flow,
            key,
            wait,
        }
    }
}

/// One request about a task.
async fn ask(front: &Front, random: &mut Random, id: &str) {
    match random.below(10) {
        0..=4 => front.monitor(random, id).await,
        5..=6 => front.result(random, id).await,
        7 => front.cancel(random, id).await,
        _ => front.fetch(random, id).await,
    };
}
