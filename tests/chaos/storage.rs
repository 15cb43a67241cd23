//! Azurite, that is paused, stopped and started again at random, by a thread of its own.
//!
//! It is stopped in good order. A `kill -9` would lose what it acknowledged in the last seconds,
//! because it writes its index to the disk only now and then: a weakness of the emulator, which
//! Azure does not share and which no client of it could make good.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::helpers::azurite::Azurite;
use crate::ledger::Ledger;
use crate::random::Random;

/// Between two outages, in milliseconds.
const HEALTH: (usize, usize) = (3_000, 10_000);

/// How long it is paused, and for how long it is away, in milliseconds. The longest pause exceeds
/// the patience of the storage client.
const PAUSE: (usize, usize) = (500, 6_000);
const ABSENCE: (usize, usize) = (0, 4_000);

/// Torments it for so long; it comes back healthy.
pub(crate) fn torment(
    mut azurite: Azurite,
    mut random: Random,
    until: Instant,
    ledger: Arc<Ledger>,
) -> JoinHandle<Azurite> {
    thread::spawn(move || {
        loop {
            let health = random.millis(HEALTH.0, HEALTH.1);
            if Instant::now() + health >= until {
                thread::sleep(until.saturating_duration_since(Instant::now()));
                return azurite;
            }
            thread::sleep(health);
            if random.permille(600) {
                ledger.count("storage paused");
                azurite.pause();
                thread::sleep(random.millis(PAUSE.0, PAUSE.1));
                azurite.resume();
            } else {
                ledger.count("storage stopped");
                azurite.stop();
                thread::sleep(random.millis(ABSENCE.0, ABSENCE.1));
                azurite.restart();
            }
        }
    })
}
