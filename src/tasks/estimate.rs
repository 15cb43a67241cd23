//! How long until a task is done: a guess for `Retry-After`, from what this process has seen.
//!
//! The queue's length, as last looked up plus what came and went here since, times the recent
//! duration of the kind's work, over the attempts that run side by side. See `docs/decisions`.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::limits::{QUEUE_LENGTH_AGE, QUEUE_LENGTH_SUBMISSIONS, RETRY_AFTER_RANGE};
use super::service::lock;
use crate::ports::Timestamp;

/// How much the newest duration counts in the moving average: the last ten or so make it.
const WEIGHT: f64 = 0.2;

/// What a task is taken to last before any has ended here, in seconds: little for one, and an hour for
/// a million.
const UNKNOWN: f64 = 0.005;

/// What this process knows of load.
#[derive(Default)]
pub(super) struct Estimate(Mutex<State>);

#[derive(Default)]
struct State {
    /// Seconds of work of a task of the kind, moving average.
    seconds: HashMap<&'static str, f64>,
    /// The same of any task.
    of_any: Option<f64>,
    /// When the queue's length was last looked up, and its length then.
    looked_up: Option<Timestamp>,
    length: u64,
    submitted_since: u64,
    ended_since: u64,
}

impl Estimate {
    /// A task was submitted here. `true` when it is time to look up the queue's length: seldom
    /// enough to cost next to nothing for each task.
    pub(super) fn submitted(&self, now: Timestamp) -> bool {
        let mut state = lock(&self.0);
        state.submitted_since += 1;
        let is_old = state
            .looked_up
            .is_none_or(|at| now - at >= QUEUE_LENGTH_AGE);
        let is_due = is_old && state.submitted_since >= QUEUE_LENGTH_SUBMISSIONS;
        if is_due {
            state.looked_up = Some(now);
        }
        is_due
    }

    /// A task of a registered kind ended here, with so much work, if it was work that ended it.
    pub(super) fn ended(&self, kind: &'static str, work: Option<Duration>) {
        let mut state = lock(&self.0);
        state.ended_since += 1;
        if let Some(work) = work {
            let seconds = work.as_secs_f64();
            let State {
                seconds: of_kind,
                of_any,
                ..
            } = &mut *state;
            for average in [
                of_kind.entry(kind).or_insert(seconds),
                of_any.get_or_insert(seconds),
            ] {
                *average += WEIGHT * (seconds - *average);
            }
        }
    }

    /// The queue's length was looked up.
    pub(super) fn looked_up(&self, length: u64) {
        let mut state = lock(&self.0);
        state.length = length;
        state.submitted_since = 0;
        state.ended_since = 0;
    }

    /// Whole seconds until a task of the kind is probably done, within [`RETRY_AFTER_RANGE`].
    pub(super) fn retry_after(&self, kind: &str, concurrency: usize) -> u64 {
        let state = lock(&self.0);
        let waiting = (state.length + state.submitted_since).saturating_sub(state.ended_since);
        // Counts of tasks are far below the 2^53 that a float holds exactly.
        let rounds = waiting as f64 / concurrency.max(1) as f64;
        let (rounds, seconds) = match state.seconds.get(kind) {
            Some(seconds) => (rounds.max(1.0), *seconds),
            // Of this one nothing is known; of those before it, what the others tell.
            None => (rounds, state.of_any.unwrap_or(UNKNOWN)),
        };
        let guess = Duration::try_from_secs_f64(rounds * seconds).unwrap_or(Duration::MAX);
        let whole = guess.as_secs() + u64::from(guess.subsec_nanos() > 0);
        whole.clamp(*RETRY_AFTER_RANGE.start(), *RETRY_AFTER_RANGE.end())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_guess_follows_length_duration_and_concurrency() {
        let estimate = Estimate::default();
        assert_eq!(estimate.retry_after("k", 2), 1);
        estimate.ended("k", Some(Duration::from_secs(4)));
        estimate.looked_up(10);
        assert_eq!(estimate.retry_after("k", 2), 20);
        assert_eq!(estimate.retry_after("k", 4), 10);
        // Behind the same tasks.
        assert_eq!(estimate.retry_after("other", 2), 20);
        estimate.looked_up(1_000_000);
        assert_eq!(estimate.retry_after("k", 2), 60);
        estimate.looked_up(0);
        assert_eq!(estimate.retry_after("k", 2), 4);
        assert_eq!(estimate.retry_after("other", 2), 1);
    }

    #[test]
    fn the_guess_grows_with_the_queue_before_anything_is_known() {
        let estimate = Estimate::default();
        let mut guesses = Vec::new();
        for length in [0, 100, 4_000, 99_779] {
            estimate.looked_up(length);
            guesses.push(estimate.retry_after("k", 2));
        }
        assert_eq!(guesses, [1, 1, 10, 60]);
    }

    #[test]
    fn what_ends_without_work_tells_nothing_of_it() {
        let estimate = Estimate::default();
        estimate.ended("k", Some(Duration::from_secs(8)));
        for _ in 0..30 {
            estimate.ended("k", None);
        }
        assert_eq!(estimate.retry_after("k", 1), 8);
    }

    #[test]
    fn the_duration_is_a_moving_average() {
        let estimate = Estimate::default();
        estimate.ended("k", Some(Duration::from_secs(10)));
        for _ in 0..30 {
            estimate.ended("k", Some(Duration::from_millis(100)));
        }
        estimate.looked_up(1);
        assert_eq!(estimate.retry_after("k", 1), 1);
    }

    #[test]
    fn the_queue_is_looked_up_seldom() {
        let estimate = Estimate::default();
        let now = datetime!(2026-08-20 10:00:00 UTC);
        let due = |at: Timestamp| (0..100).filter(|_| estimate.submitted(at)).count();
        assert_eq!(due(now), 1);
        estimate.looked_up(5);
        assert_eq!(due(now + QUEUE_LENGTH_AGE / 2), 0);
        assert_eq!(due(now + QUEUE_LENGTH_AGE), 1);
    }
}
