//! What a proxy does to requests to storage: faults come in spells, so that now and then they
//! outlast every retry.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::helpers::proxy::{Fate, Proxy};
use crate::ledger::Ledger;
use crate::random::Random;

/// How long the weather lasts.
const SPELL: Duration = Duration::from_secs(2);

/// In a spell, so many of 1,000 requests meet a fault. The seed says with which spell it begins.
const WEATHER: [usize; 12] = [5, 20, 5, 300, 5, 5, 100, 5, 20, 5, 900, 5];

/// Puts a proxy in front of an endpoint of storage, which is healthy after `until`.
pub(crate) fn spoil(
    endpoint: &mut String,
    seed: u64,
    service: &'static str,
    until: Instant,
    ledger: Arc<Ledger>,
) {
    let begun = Instant::now();
    let first = Random::of(seed, "weather", 0).below(WEATHER.len());
    let random = Mutex::new(Random::of(seed, service, 0));
    Proxy::before(endpoint, move |_| {
        if Instant::now() >= until {
            return Fate::Forward;
        }
        let spell = first + (begun.elapsed().as_millis() / SPELL.as_millis()) as usize;
        let rate = WEATHER[spell % WEATHER.len()];
        let mut random = random.lock().unwrap();
        if !random.permille(rate) {
            return Fate::Forward;
        }
        let (what, fate) = fault(&mut random);
        ledger.count(&format!("faults: {what}"));
        fate
    });
}

fn fault(random: &mut Random) -> (&'static str, Fate) {
    let status = *random.pick(&[500, 503, 429]);
    match random.below(10) {
        0..=2 => ("delayed", Fate::Delay(random.millis(50, 3_000))),
        3..=4 => ("cut before storage", Fate::CutBefore),
        5..=6 => ("cut after storage", Fate::CutAfter),
        7..=8 => match status {
            500 => ("answered 500", Fate::Answer(status)),
            503 => ("answered 503", Fate::Answer(status)),
            _ => ("answered 429", Fate::Answer(status)),
        },
        // Azure does this when it runs out of time half-way.
        _ => ("done, answered 500", Fate::AnswerAfter(500)),
    }
}
