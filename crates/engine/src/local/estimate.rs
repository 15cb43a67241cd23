//! How long until a task is done: a guess for `Retry-After`, from what this process has seen.
//!
//! The tasks that wait (see `backlog`), times the recent duration of the kind's work, over the attempts
//! that run side by side. See `docs/decisions`.

use std::collections::HashMap;
use std::time::Duration;

use work::KindName;

use crate::limits::RETRY_AFTER_RANGE;
use crate::local::sync::{Mutex, lock};

/// How much the newest duration counts in the moving average: the last ten or so make it.
const WEIGHT: f64 = 0.2;

/// What a task is taken to last before any has ended here, in seconds: little for one, and an hour for
/// a million.
const UNKNOWN: f64 = 0.005;

/// What this process knows of durations.
#[derive(Default)]
pub(crate) struct Estimate(Mutex<State>);

/// Seconds of work of a task, moving averages.
#[derive(Default)]
struct State {
    /// Of each kind.
    seconds: HashMap<KindName, f64>,
    /// The same of any task.
    of_any: Option<f64>,
}

impl Estimate {
    /// A task of a registered kind ended here, with so much work, if it was work that ended it.
    pub(crate) fn ended(&self, kind: &KindName, work: Option<Duration>) {
        let Some(work) = work else {
            return;
        };
        let seconds = work.as_secs_f64();
        let mut state = lock(&self.0);
        let State {
            seconds: of_kind,
            of_any,
        } = &mut *state;
        for average in [
            of_kind.entry(kind.clone()).or_insert(seconds),
            of_any.get_or_insert(seconds),
        ] {
            *average += WEIGHT * (seconds - *average);
        }
    }

    /// What the work of a kind usually takes, once a task of it has ended here.
    pub(crate) fn of(&self, kind: &str) -> Option<Duration> {
        let seconds = lock(&self.0).seconds.get(kind).copied()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Whole seconds until a task of the kind is probably done that may begin when so much time is over, behind
    /// so many that wait, within [`RETRY_AFTER_RANGE`].
    pub(crate) fn retry_after(
        &self,
        kind: &str,
        waiting: u64,
        concurrency: usize,
        left: Duration,
    ) -> u64 {
        let state = lock(&self.0);
        // Counts of tasks are far below the 2^53 that a float holds exactly.
        let rounds = waiting as f64 / concurrency.max(1) as f64;
        let (rounds, seconds) = match state.seconds.get(kind) {
            Some(seconds) => (rounds.max(1.0), *seconds),
            // Of this one nothing is known; of those before it, what the others tell.
            None => (rounds, state.of_any.unwrap_or(UNKNOWN)),
        };
        let guess = Duration::try_from_secs_f64(rounds * seconds).unwrap_or(Duration::MAX);
        let guess = guess.saturating_add(left);
        let whole = guess.as_secs() + u64::from(guess.subsec_nanos() > 0);
        whole.clamp(*RETRY_AFTER_RANGE.start(), *RETRY_AFTER_RANGE.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    fn kind() -> KindName {
        KindName::new("k").unwrap()
    }

    #[test]
    fn the_guess_follows_length_duration_and_concurrency() {
        let estimate = Estimate::default();
        assert_eq!(estimate.retry_after("k", 10, 2, AT_ONCE), 1);
        estimate.ended(&kind(), Some(Duration::from_secs(4)));
        assert_eq!(estimate.of("k"), Some(Duration::from_secs(4)));
        assert_eq!(estimate.of("other"), None);
        assert_eq!(estimate.retry_after("k", 10, 2, AT_ONCE), 20);
        assert_eq!(estimate.retry_after("k", 10, 4, AT_ONCE), 10);
        let left = |milliseconds| Duration::from_millis(milliseconds);
        assert_eq!(estimate.retry_after("k", 0, 2, left(1_500)), 6);
        assert_eq!(estimate.retry_after("k", 0, 2, left(3_600_000)), 60);
        // Behind the same tasks.
        assert_eq!(estimate.retry_after("other", 10, 2, AT_ONCE), 20);
        assert_eq!(estimate.retry_after("k", 1_000_000, 2, AT_ONCE), 60);
        assert_eq!(estimate.retry_after("k", 0, 2, AT_ONCE), 4);
        assert_eq!(estimate.retry_after("other", 0, 2, AT_ONCE), 1);
    }

    #[test]
    fn the_guess_grows_with_the_queue_before_anything_is_known() {
        let estimate = Estimate::default();
        let guesses =
            [0, 100, 4_000, 99_779].map(|length| estimate.retry_after("k", length, 2, AT_ONCE));
        assert_eq!(guesses, [1, 1, 10, 60]);
    }

    #[test]
    fn what_ends_without_work_tells_nothing_of_it() {
        let estimate = Estimate::default();
        estimate.ended(&kind(), Some(Duration::from_secs(8)));
        for _ in 0..30 {
            estimate.ended(&kind(), None);
        }
        assert_eq!(estimate.retry_after("k", 0, 1, AT_ONCE), 8);
    }

    #[test]
    fn the_duration_is_a_moving_average() {
        let estimate = Estimate::default();
        estimate.ended(&kind(), Some(Duration::from_secs(10)));
        for _ in 0..30 {
            estimate.ended(&kind(), Some(Duration::from_millis(100)));
        }
        assert_eq!(estimate.retry_after("k", 1, 1, AT_ONCE), 1);
    }
}
