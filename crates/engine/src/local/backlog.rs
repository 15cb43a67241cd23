//! How many messages wait in the queue, as far as this process knows: its length when it was last
//! looked up, and what came and went here since. Kept once, for the limit and for `Retry-After`.
//!
//! What is sent while somebody looks may be counted twice until the next look, and never not at all:
//! the limit has to hold.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::limits::{QUEUE_LENGTH_AGE, QUEUE_LENGTH_MAX_AGE, QUEUE_LENGTH_SUBMISSIONS};
use crate::local::sync::{Mutex, lock};
use ports::Timestamp;

/// The count, shared by all threads.
#[derive(Default)]
pub(crate) struct Backlog {
    state: Mutex<State>,
    /// Told when a look is over, whatever came of it.
    looked: Notify,
}

#[derive(Default)]
struct State {
    /// Messages that wait, and submissions that are about to send theirs.
    waiting: u64,
    /// Submissions that are about to send their message.
    open: u64,
    /// Of what `waiting` holds, what the look under way may have come too early for.
    unseen: u64,
    is_looking: bool,
    /// When somebody last began to look, and how many submissions came since.
    asked_at: Option<Timestamp>,
    submitted_since: u64,
    /// When a look last told the length.
    looked_at: Option<Timestamp>,
}

impl State {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.looked_at
            .is_some_and(|at| now - at < QUEUE_LENGTH_MAX_AGE)
    }
}

/// Room for a submission among the messages that wait. Given back when dropped, unless it was kept.
pub(crate) struct Reservation {
    backlog: Arc<Backlog>,
    is_kept: bool,
}

/// The duty to look up the length. Nobody else has it until this one is dropped.
pub(crate) struct Look {
    backlog: Arc<Backlog>,
}

impl Backlog {
    /// Room for a submission, unless so many wait already.
    pub(crate) fn take(self: &Arc<Self>, max: Option<u64>) -> Option<Reservation> {
        let mut state = lock(&self.state);
        if max.is_some_and(|max| state.waiting >= max) {
            return None;
        }
        state.waiting += 1;
        state.open += 1;
        state.unseen += 1;
        state.submitted_since += 1;
        Some(Reservation {
            backlog: Arc::clone(self),
            is_kept: false,
        })
    }

    /// A message has left the queue here, and none followed it.
    pub(crate) fn left(&self) {
        let mut state = lock(&self.state);
        // Others may have sent it since the last look.
        state.waiting = state.waiting.saturating_sub(1);
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> u64 {
        lock(&self.state).waiting
    }

    /// Whether the length is known well enough to hold a limit.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        lock(&self.state).is_fresh(now)
    }

    /// When it is not: the end of the look to wait for, and the look itself if nobody is at it.
    pub(crate) fn outdated(
        self: &Arc<Self>,
        now: Timestamp,
    ) -> Option<(Notified<'_>, Option<Look>)> {
        // Before the state is seen, so that the end of a look is not missed.
        let looked = self.looked.notified();
        let mut state = lock(&self.state);
        if state.is_fresh(now) {
            return None;
        }
        let look = self.begin(&mut state, now);
        Some((looked, look))
    }

    /// The look that is due for a guess at `Retry-After`: seldom enough to cost next to nothing for
    /// each task.
    pub(crate) fn due(self: &Arc<Self>, now: Timestamp) -> Option<Look> {
        let mut state = lock(&self.state);
        let is_old = state.asked_at.is_none_or(|at| now - at >= QUEUE_LENGTH_AGE);
        if is_old && state.submitted_since >= QUEUE_LENGTH_SUBMISSIONS {
            self.begin(&mut state, now)
        } else {
            None
        }
    }

    fn begin(self: &Arc<Self>, state: &mut State, now: Timestamp) -> Option<Look> {
        if state.is_looking {
            return None;
        }
        state.is_looking = true;
        state.unseen = state.open;
        state.asked_at = Some(now);
        state.submitted_since = 0;
        Some(Look {
            backlog: Arc::clone(self),
        })
    }
}

impl Reservation {
    /// The message has been sent.
    pub(crate) fn kept(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = lock(&self.backlog.state);
        state.open -= 1;
        if !self.is_kept {
            state.waiting = state.waiting.saturating_sub(1);
            state.unseen = state.unseen.saturating_sub(1);
        }
    }
}

impl Look {
    /// So long was the queue at some moment since the look began.
    pub(crate) fn found(self, length: u64, now: Timestamp) {
        let mut state = lock(&self.backlog.state);
        state.waiting = length.saturating_add(state.unseen);
        state.looked_at = Some(now);
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        lock(&self.backlog.state).is_looking = false;
        self.backlog.looked.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: Timestamp = datetime!(2026-08-20 12:00:00 UTC);

    fn submit(backlog: &Arc<Backlog>) {
        backlog.take(None).unwrap().kept();
    }

    #[test]
    fn a_reservation_counts_until_its_message_has_left_or_was_not_sent() {
        let backlog = Arc::new(Backlog::default());
        let reserved = backlog.take(Some(2)).unwrap();
        submit(&backlog);
        assert!(backlog.take(Some(2)).is_none());
        drop(reserved);
        assert_eq!(backlog.waiting(), 1);
        for waiting in [0, 0] {
            backlog.left();
            assert_eq!(backlog.waiting(), waiting);
        }
    }

    #[test]
    fn what_a_look_may_have_missed_is_counted_beside_it() {
        let backlog = Arc::new(Backlog::default());
        submit(&backlog);
        let (sent, given_up) = (backlog.take(None).unwrap(), backlog.take(None).unwrap());
        let (_, look) = backlog.outdated(NOON).unwrap();
        submit(&backlog);
        sent.kept();
        drop(given_up);
        look.unwrap().found(10, NOON);
        assert_eq!(backlog.waiting(), 12);
    }

    #[test]
    fn one_looks_at_a_time_and_the_next_when_it_is_over() {
        let backlog = Arc::new(Backlog::default());
        let (_, first) = backlog.outdated(NOON).unwrap();
        assert!(first.is_some());
        assert!(backlog.outdated(NOON).unwrap().1.is_none());
        drop(first);
        let (_, second) = backlog.outdated(NOON).unwrap();
        second.unwrap().found(1, NOON);
        assert!(backlog.outdated(NOON).is_none());
        assert!(backlog.outdated(NOON + QUEUE_LENGTH_MAX_AGE).is_some());
    }

    #[test]
    fn without_a_limit_the_queue_is_looked_up_seldom() {
        let backlog = Arc::new(Backlog::default());
        let due = |at: Timestamp| {
            let looks = (0..100).filter_map(|_| {
                submit(&backlog);
                backlog.due(at)
            });
            looks.map(|look| look.found(5, at)).count()
        };
        assert_eq!(due(NOON), 1);
        assert_eq!(due(NOON + QUEUE_LENGTH_AGE / 2), 0);
        assert_eq!(due(NOON + QUEUE_LENGTH_AGE), 1);
    }
}
