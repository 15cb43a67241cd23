//! Clocks that tests move.

use std::sync::Mutex;
use std::time::Duration;

use ports::{Clock, Timestamp};
use time::macros::datetime;
use tokio::time::Instant;

const NOON: Timestamp = datetime!(2026-03-01 12:00 UTC);

/// Stands still until it is told to move. Shows noon of a fixed day when made.
#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock at rest.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(NOON))
    }

    /// Moves it forward.
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    /// Puts it back.
    pub(crate) fn rewind(&self, by: Duration) {
        *self.0.lock().unwrap() -= by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Goes with the runtime's own clock, which a test has paused: noon of the same day when made.
pub(crate) struct RuntimeClock(Instant);

impl RuntimeClock {
    /// A clock that shows noon now.
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        // Whole milliseconds, as every clock here.
        NOON + Duration::from_millis(self.0.elapsed().as_millis() as u64)
    }
}
