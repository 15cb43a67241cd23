//! When the work of a task may begin, as its client asks for it.

use std::time::Duration;

use crate::limits::LONGEST_DELAY;
use ports::Timestamp;
use ports::timestamp::Text;

/// When the work of a task may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At once.
    #[default]
    AtOnce,
    /// So long after the task was accepted.
    After(Duration),
    /// Then, or at once when that is over.
    At(Timestamp),
}

impl Start {
    /// When a task that is accepted now may begin, on a whole millisecond, as a record tells it; `None`: at
    /// once.
    pub(crate) fn due_at(self, now: Timestamp) -> Option<Timestamp> {
        let due_at = match self {
            Self::AtOnce => return None,
            Self::After(delay) => {
                now.saturating_add(delay.try_into().unwrap_or(time::Duration::MAX))
            }
            Self::At(time) => time,
        };
        // Rounded up: it is not to begin before its time.
        let beyond = due_at.nanosecond() % 1_000_000;
        let rest = if beyond == 0 { 0 } else { 1_000_000 - beyond };
        let due_at = due_at.saturating_add(time::Duration::nanoseconds(rest.into()));
        (due_at > now).then_some(due_at)
    }

    /// Whether it is later than [`LONGEST_DELAY`] from now.
    pub(crate) fn is_too_far(self, now: Timestamp) -> bool {
        self.due_at(now)
            .is_some_and(|due_at| due_at - now > LONGEST_DELAY)
    }

    /// What tells it from others where two submissions are compared; empty for most.
    pub(crate) fn text(self) -> String {
        match self {
            Self::AtOnce => String::new(),
            Self::After(delay) => format!("\nafter {} ms", delay.as_millis()),
            Self::At(time) => format!("\nat {}", Text(time)),
        }
    }
}

/// How long it is until a task may begin: zero when it may.
pub(crate) fn left(due_at: Option<Timestamp>, now: Timestamp) -> Duration {
    let left = due_at.map(|due_at| due_at - now);
    left.and_then(|left| left.try_into().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: Timestamp = datetime!(2026-08-20 12:00:00 UTC);

    #[test]
    fn a_task_begins_no_earlier_than_asked_for_and_at_once_when_that_is_over() {
        let second = Duration::from_secs(1);
        for (start, due_at) in [
            (Start::AtOnce, None),
            (Start::After(Duration::ZERO), None),
            (Start::After(second), Some(NOON + second)),
            (Start::At(NOON), None),
            (Start::At(NOON - second), None),
            (Start::At(NOON + second), Some(NOON + second)),
            (
                Start::At(NOON + Duration::from_micros(1_500)),
                Some(NOON + Duration::from_millis(2)),
            ),
        ] {
            assert_eq!(start.due_at(NOON), due_at, "{start:?}");
            assert_eq!(
                left(due_at, NOON),
                due_at.map_or(Duration::ZERO, |_| left(due_at, NOON))
            );
        }
        assert_eq!(left(Some(NOON + second), NOON), second);
        assert_eq!(left(Some(NOON - second), NOON), Duration::ZERO);
    }

    #[test]
    fn what_is_further_than_a_year_is_too_far() {
        let more = LONGEST_DELAY + Duration::from_millis(1);
        for start in [Start::After, |delay| Start::At(NOON + delay)] {
            assert!(!start(LONGEST_DELAY).is_too_far(NOON));
            assert!(start(more).is_too_far(NOON));
        }
        assert!(Start::After(Duration::MAX).is_too_far(NOON));
    }
}
