//! How often a task was attempted, and what of that counts.
//!
//! A task has a round of so many attempts. It ends with the task, and a retry begins another.

use crate::limits::LATER_UNCOUNTED;
use ports::Timestamp;

/// What was counted so far. A message tells what was before it; its delivery adds to that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Attempts that have begun, of every round: what the record shows.
    pub attempts: u32,
    /// Those of this round that count towards its maximum.
    pub spent: u32,
    /// Since when the work has asked for another time, and nothing else came of it.
    pub later_since: Option<Timestamp>,
}

impl Count {
    /// Of a task that begins a round after so many attempts.
    pub fn new_round(attempts: u32) -> Self {
        Self {
            attempts,
            ..Self::default()
        }
    }

    /// Of a task that has lost its message after so many attempts, and with it how many of them counted. One
    /// more is due in any case.
    pub fn without_message(attempts: u32, max: u32) -> Self {
        Self {
            spent: attempts.min(max.saturating_sub(1)),
            ..Self::new_round(attempts)
        }
    }

    /// After so many deliveries of a message. More than one is an attempt that could not be finished.
    #[must_use]
    pub fn delivered(self, times: u32) -> Self {
        Self {
            attempts: self.attempts.saturating_add(times),
            spent: self.spent.saturating_add(times),
            ..self
        }
    }

    /// With the attempts that the record shows, if those are more: a copy of a message, sent because storage
    /// was away, does not know of all.
    #[must_use]
    pub fn at_least(self, attempts: u32) -> Self {
        Self {
            attempts: self.attempts.max(attempts),
            ..self
        }
    }

    /// After an attempt that failed.
    #[must_use]
    pub fn failed(self) -> Self {
        Self {
            later_since: None,
            ..self
        }
    }

    /// After an attempt that does not count.
    #[must_use]
    pub fn released(self) -> Self {
        Self {
            attempts: self.attempts.saturating_sub(1),
            spent: self.spent.saturating_sub(1),
            later_since: None,
        }
    }

    /// After a delivery whose attempt did not begin, because its kind was at its limit.
    #[must_use]
    pub fn put_off(self) -> Self {
        Self {
            later_since: self.later_since,
            ..self.released()
        }
    }

    /// After an attempt whose work has asked for another time, now. For [`LATER_UNCOUNTED`] that does not
    /// count; says whether it does.
    #[must_use]
    pub fn later(self, now: Timestamp) -> (Self, bool) {
        let since = self.later_since.unwrap_or(now);
        let counts = now - since > LATER_UNCOUNTED;
        let count = if counts { self } else { self.released() };
        let later_since = Some(since);
        (
            Self {
                later_since,
                ..count
            },
            counts,
        )
    }

    /// Whether no attempt is left of so many.
    pub fn is_spent(self, max: u32) -> bool {
        self.spent >= max
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: Timestamp = datetime!(2026-08-20 12:00 UTC);
    const MAX: u32 = 5;

    fn count(attempts: u32, spent: u32) -> Count {
        Count {
            spent,
            ..Count::new_round(attempts)
        }
    }

    #[test]
    fn each_delivery_is_an_attempt_that_counts() {
        let mut now = Count::default();
        for attempt in 1..=MAX {
            assert!(!now.is_spent(MAX));
            now = now.delivered(1).failed();
            assert_eq!(now, count(attempt, attempt));
        }
        assert!(now.is_spent(MAX));
        assert_eq!(count(7, 2).delivered(3), count(10, 5));
    }

    #[test]
    fn what_does_not_count_is_as_if_it_had_not_been() {
        let before = count(7, 2);
        assert_eq!(before.delivered(1).released(), before);
        // Those that could not be finished count all the same.
        assert_eq!(before.delivered(3).released(), count(9, 4));
        assert_eq!(Count::default().released(), Count::default());
    }

    #[test]
    fn a_retry_begins_a_round_and_counts_on() {
        let next = Count::new_round(5).delivered(1);
        assert_eq!(next, count(6, 1));
    }

    #[test]
    fn a_task_without_its_message_has_one_attempt_left_at_least() {
        for (attempts, spent) in [(0, 0), (3, 3), (4, 4), (5, 4), (99, 4)] {
            let now = Count::without_message(attempts, MAX);
            assert_eq!(now, count(attempts, spent));
            assert!(!now.is_spent(MAX));
        }
    }

    #[test]
    fn a_record_may_know_of_more_attempts_and_not_of_fewer() {
        assert_eq!(count(2, 1).at_least(4), count(4, 1));
        assert_eq!(count(4, 1).at_least(2), count(4, 1));
    }

    #[test]
    fn asking_for_another_time_counts_after_a_while_and_from_its_beginning() {
        let (asked, counts) = count(2, 1).delivered(1).later(NOON);
        assert!(!counts);
        assert_eq!((asked.attempts, asked.spent), (2, 1));
        let (again, counts) = asked.delivered(1).later(NOON + LATER_UNCOUNTED);
        assert!(!counts);
        assert_eq!(again, asked);
        let late = NOON + LATER_UNCOUNTED + std::time::Duration::from_millis(1);
        let (counted, counts) = again.delivered(1).later(late);
        assert!(counts);
        assert_eq!((counted.attempts, counted.spent), (3, 2));
        assert_eq!(counted.later_since, Some(NOON));
        // Something else came of it in between.
        assert_eq!(counted.delivered(1).failed().later_since, None);
    }

    #[test]
    fn forged_counts_are_taken_as_far_as_they_go() {
        let most = count(u32::MAX, u32::MAX);
        assert_eq!(most.delivered(u32::MAX), most);
        assert!(most.is_spent(MAX));
    }
}
