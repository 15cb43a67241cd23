//! A clock that stands still until it is told to move.

use std::sync::Mutex;
use std::time::Duration;

use async_request_reply::ports::{Clock, Timestamp};
use time::macros::datetime;

/// Shows noon of a fixed day when made.
#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock at rest.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(datetime!(2026-03-01 12:00 UTC)))
    }

    /// Moves it forward.
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
