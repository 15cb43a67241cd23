//! How long until a task is done: a guess for `Retry-After`, from what this process has seen.
//!
//! The tasks that wait (see `backlog`), times the recent duration of the kind, over the attempts that
//! run side by side. See `docs/decisions`.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::limits::RETRY_AFTER_RANGE;
use super::service::lock;

/// How much the newest duration counts in the moving average: the last ten or so make it.
const WEIGHT: f64 = 0.2;

/// Seconds of a task of each kind, moving averages.
#[derive(Default)]
pub(super) struct Estimate(Mutex<HashMap<&'static str, f64>>);

impl Estimate {
    /// A task of a registered kind ended here.
    pub(super) fn ended(&self, kind: &'static str, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let mut averages = lock(&self.0);
        let average = averages.entry(kind).or_insert(seconds);
        *average += WEIGHT * (seconds - *average);
    }

    /// Whole seconds until a task of the kind is probably done, behind so many that wait, within
    /// [`RETRY_AFTER_RANGE`].
    pub(super) fn retry_after(&self, kind: &str, waiting: u64, concurrency: usize) -> u64 {
        let seconds = lock(&self.0).get(kind).copied().unwrap_or_default();
        // Counts of tasks are far below the 2^53 that a float holds exactly.
        let rounds = (waiting as f64 / concurrency.max(1) as f64).max(1.0);
        let guess = Duration::try_from_secs_f64(rounds * seconds).unwrap_or(Duration::MAX);
        let whole = guess.as_secs() + u64::from(guess.subsec_nanos() > 0);
        whole.clamp(*RETRY_AFTER_RANGE.start(), *RETRY_AFTER_RANGE.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guess_follows_length_duration_and_concurrency() {
        let estimate = Estimate::default();
        assert_eq!(estimate.retry_after("k", 10, 2), 1);
        estimate.ended("k", Duration::from_secs(4));
        assert_eq!(estimate.retry_after("k", 10, 2), 20);
        assert_eq!(estimate.retry_after("k", 10, 4), 10);
        assert_eq!(estimate.retry_after("other", 10, 2), 1);
        assert_eq!(estimate.retry_after("k", 1_000_000, 2), 60);
        assert_eq!(estimate.retry_after("k", 0, 2), 4);
    }

    #[test]
    fn the_duration_is_a_moving_average() {
        let estimate = Estimate::default();
        estimate.ended("k", Duration::from_secs(10));
        for _ in 0..30 {
            estimate.ended("k", Duration::from_millis(100));
        }
        assert_eq!(estimate.retry_after("k", 1, 1), 1);
    }
}
