//! What the queues have shown, and what that tells of the messages of tasks.

use crate::limits::{HIDDEN_AT_MOST, LOST_AFTER, SILENT_AT_LIMIT};
use crate::model::task::TaskState;
use ports::Timestamp;

/// What a queue tells of the messages in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing that counts.
    Nothing,
    /// Up to where it holds nothing.
    Known(Horizon),
    /// It has messages, and somebody hides them all.
    Hidden,
}

/// Up to where the queue holds nothing, or nothing that somebody who lives holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Horizon {
    /// No message of a record that last changed before this is in the queue,
    pub(crate) front: Timestamp,
    /// unless it was put off beyond this.
    pub(crate) seen_at: Timestamp,
    /// Whether a dead process may hold messages from before.
    pub(crate) is_held: bool,
}

impl Horizon {
    pub(crate) fn of(front: Timestamp, seen_at: Timestamp) -> Self {
        Self {
            front,
            seen_at,
            is_held: false,
        }
    }

    /// Up to where neither queue holds anything.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            front: self.front.min(other.front),
            seen_at: self.seen_at.min(other.seen_at),
            is_held: self.is_held || other.is_held,
        }
    }

    pub(crate) fn is_past(self, state: &TaskState) -> bool {
        let hidden_until = match state {
            TaskState::Queued { due_at, .. } => *due_at,
            TaskState::Running { handed_over, .. } => handed_over.map(|handed| handed.until),
            _ => None,
        };
        hidden_until.is_none_or(|until| until + LOST_AFTER < self.seen_at)
    }
}

/// What was seen at the front of the queue, long enough ago to tell something.
#[derive(Debug, Default)]
pub(crate) struct Fronts {
    /// Seen less than [`HIDDEN_AT_MOST`] ago: who took a message just before may still have it.
    fresh: Option<Horizon>,
    old: Option<Horizon>,
    /// When nothing was visible, since something last was: as far back as that counts.
    hidden: Vec<Timestamp>,
}

impl Fronts {
    /// Takes note of the front as it is now, and gives what is known.
    pub(crate) fn passed(&mut self, now: Horizon) -> Option<Horizon> {
        self.hidden.clear();
        let fresh = *self.fresh.get_or_insert(now);
        if now.seen_at - fresh.seen_at >= HIDDEN_AT_MOST {
            self.old = Some(fresh);
            self.fresh = Some(now);
        }
        self.old
    }

    /// Takes note that nothing is visible now.
    pub(crate) fn hidden(&mut self, now: Timestamp) {
        let counts = now - SILENT_AT_LIMIT;
        let is_needed = |next: Option<&Timestamp>| next.is_none_or(|next| *next > counts);
        let kept = (0..self.hidden.len()).find(|at| is_needed(self.hidden.get(at + 1)));
        self.hidden.drain(..kept.unwrap_or_default());
        self.hidden.push(now);
    }

    /// Up to where whoever holds a message has been silent since `then`.
    pub(crate) fn silent(&self, then: Timestamp) -> Option<Horizon> {
        let seen_at = *self.hidden.iter().rev().find(|at| **at <= then)?;
        Some(Horizon {
            is_held: true,
            ..Horizon::of(seen_at, seen_at)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn silence_counts_from_a_look_and_only_while_nothing_is_visible() {
        let at = |seconds| Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
        let silent = |fronts: &Fronts, then| fronts.silent(at(then)).map(|known| known.front);
        let mut fronts = Fronts::default();
        for minute in 1..=20 {
            fronts.hidden(at(minute * 60));
        }
        assert_eq!(silent(&fronts, 19 * 60 - 1), Some(at(18 * 60)));
        // Of those from before, one is enough.
        let oldest = 1_200 - SILENT_AT_LIMIT.as_secs();
        assert_eq!(silent(&fronts, oldest), Some(at(oldest / 60 * 60)));
        assert_eq!(silent(&fronts, oldest / 60 * 60 - 1), None);
        fronts.passed(Horizon::of(at(0), at(1_260)));
        fronts.hidden(at(1_320));
        assert_eq!(silent(&fronts, 1_319), None);
        assert_eq!(silent(&fronts, 1_320), Some(at(1_320)));
    }
}
