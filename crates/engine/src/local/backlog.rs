//! How many messages wait in the queue, as far as this process knows: its length when it was last
//! looked up, and what came and went here since. Kept once and looked up once at a time, for the limit,
//! `Retry-After`, health and metrics alike.
//!
//! What is sent while somebody looks may be counted twice until the next look, and never not at all:
//! the limit has to hold. What this process put off to a time, be it the deadline of an attempt that was handed
//! over or the start that a client asked for, does not wait for anybody's time, and is left out until then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::limits::{QUEUE_LENGTH_AGE, QUEUE_LENGTH_SUBMISSIONS};
use crate::local::sync::{Mutex, lock};
use ports::{StorageError, Timestamp};

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
    /// When a look last came to its end, and whether the queue tells its length.
    looked_at: Option<Timestamp>,
    tells: bool,
    /// Why the last look failed, if it did.
    failed: Option<StorageError>,
    /// How many messages are hidden until a time in each minute since 1970: one for each task at the most, and
    /// half a million for the year that a start may be ahead.
    put_off: BTreeMap<i64, u64>,
    /// All of these.
    put_off_in_all: u64,
}

impl State {
    fn is_fresh(&self, now: Timestamp, age: Duration) -> bool {
        self.looked_at.is_some_and(|at| now - at < age)
    }

    /// Messages that wait for somebody to take them.
    fn due(&mut self, now: Timestamp) -> u64 {
        while let Some(first) = self.put_off.first_entry()
            && *first.key() <= minute(now)
        {
            self.put_off_in_all -= first.remove();
        }
        self.waiting.saturating_sub(self.put_off_in_all)
    }
}

fn minute(at: Timestamp) -> i64 {
    at.unix_timestamp().div_euclid(60)
}

/// Room for a submission among the messages that wait. Given back when dropped, unless it was kept.
pub(crate) struct Reservation {
    backlog: Arc<Backlog>,
    is_kept: bool,
    put_off: Option<Timestamp>,
}

/// The duty to look up the length. Nobody else has it until this one is dropped.
pub(crate) struct Look {
    backlog: Arc<Backlog>,
}

impl Backlog {
    /// Room for a submission, unless so many wait already.
    pub(crate) fn take(self: &Arc<Self>, max: Option<u64>, now: Timestamp) -> Option<Reservation> {
        let mut state = lock(&self.state);
        if max.is_some_and(|max| state.due(now) >= max) {
            return None;
        }
        state.waiting += 1;
        state.open += 1;
        state.unseen += 1;
        state.submitted_since += 1;
        Some(Reservation {
            backlog: Arc::clone(self),
            is_kept: false,
            put_off: None,
        })
    }

    /// A message has left the queue here, and none followed it.
    pub(crate) fn left(&self) {
        let mut state = lock(&self.state);
        // Others may have sent it since the last look.
        state.waiting = state.waiting.saturating_sub(1);
    }

    /// A message of this queue is hidden from now on until a time. It stays there until then, whatever becomes
    /// of the task.
    pub(crate) fn put_off(&self, until: Timestamp) {
        let mut state = lock(&self.state);
        // Rounded down: it counts again before anybody can receive it.
        *state.put_off.entry(minute(until)).or_default() += 1;
        state.put_off_in_all += 1;
    }

    /// It is not: there is no such message.
    fn not_put_off(&self, until: Timestamp) {
        let mut state = lock(&self.state);
        // One whose minute has come is not among them any more.
        if let Some(count) = state.put_off.get_mut(&minute(until)) {
            *count -= 1;
            if *count == 0 {
                state.put_off.remove(&minute(until));
            }
            state.put_off_in_all -= 1;
        }
    }

    /// How many wait, and are not put off to a time.
    pub(crate) fn waiting(&self, now: Timestamp) -> u64 {
        lock(&self.state).due(now)
    }

    /// The length, no older than `age`; `None` when the queue does not tell it.
    ///
    /// # Errors
    ///
    /// Why it is not known.
    pub(crate) fn known(&self, now: Timestamp, age: Duration) -> Result<Option<u64>, StorageError> {
        let state = lock(&self.state);
        if state.is_fresh(now, age) {
            return Ok(state.tells.then_some(state.waiting));
        }
        let untold = || StorageError::transient("look up the queue's length", "it was not told");
        Err(state.failed.clone().unwrap_or_else(untold))
    }

    /// When the length is older than `age`: the end of the look to wait for, and the look itself if
    /// nobody is at it.
    pub(crate) fn outdated(
        self: &Arc<Self>,
        now: Timestamp,
        age: Duration,
    ) -> Option<(Notified<'_>, Option<Look>)> {
        // Before the state is seen, so that the end of a look is not missed.
        let looked = self.looked.notified();
        let mut state = lock(&self.state);
        if state.is_fresh(now, age) {
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
    /// The message is going to be hidden until a time, and takes no room until then.
    pub(crate) fn put_off(mut self, until: Timestamp) -> Self {
        self.backlog.put_off(until);
        self.put_off = Some(until);
        self
    }

    /// The message has been sent.
    pub(crate) fn kept(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(until) = self.put_off.filter(|_| !self.is_kept) {
            self.backlog.not_put_off(until);
        }
        let mut state = lock(&self.backlog.state);
        state.open -= 1;
        if !self.is_kept {
            state.waiting = state.waiting.saturating_sub(1);
            state.unseen = state.unseen.saturating_sub(1);
        }
    }
}

impl Look {
    /// So long was the queue at some moment since the look began; `None` when it does not tell.
    pub(crate) fn found(self, length: Option<u64>, now: Timestamp) {
        let mut state = lock(&self.backlog.state);
        if let Some(length) = length {
            state.waiting = length.saturating_add(state.unseen);
        }
        state.tells = length.is_some();
        state.looked_at = Some(now);
        state.failed = None;
    }

    /// The look came to nothing.
    pub(crate) fn failed(self, error: StorageError) {
        lock(&self.backlog.state).failed = Some(error);
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

    const AGE: Duration = Duration::from_secs(2);

    fn submit(backlog: &Arc<Backlog>) {
        backlog.take(None, NOON).unwrap().kept();
    }

    #[test]
    fn a_reservation_counts_until_its_message_has_left_or_was_not_sent() {
        let backlog = Arc::new(Backlog::default());
        let reserved = backlog.take(Some(2), NOON).unwrap();
        submit(&backlog);
        assert!(backlog.take(Some(2), NOON).is_none());
        drop(reserved);
        assert_eq!(backlog.waiting(NOON), 1);
        for waiting in [0, 0] {
            backlog.left();
            assert_eq!(backlog.waiting(NOON), waiting);
        }
    }

    #[test]
    fn what_is_put_off_to_a_deadline_takes_no_room_until_then() {
        let backlog = Arc::new(Backlog::default());
        let hour = Duration::from_secs(3_600);
        for until in [NOON + hour, NOON + hour, NOON + hour * 2] {
            submit(&backlog);
            backlog.put_off(until + Duration::from_secs(59));
        }
        assert_eq!(backlog.waiting(NOON), 0);
        let (_, look) = backlog.outdated(NOON, AGE).unwrap();
        look.unwrap().found(Some(4), NOON);
        assert!(backlog.take(Some(1), NOON).is_none());
        assert!(backlog.take(Some(2), NOON).is_some());
        assert_eq!(backlog.known(NOON, AGE), Ok(Some(4)));
        assert_eq!(backlog.waiting(NOON + hour), 3);
        assert_eq!(backlog.waiting(NOON + hour * 2), 4);
    }

    #[test]
    fn a_reservation_for_later_takes_no_room_and_leaves_none_behind() {
        let backlog = Arc::new(Backlog::default());
        let hour = Duration::from_secs(3_600);
        let later = || {
            let reserved = backlog.take(Some(1), NOON).unwrap();
            reserved.put_off(NOON + hour)
        };
        let (sent, given_up) = (later(), later());
        assert_eq!(backlog.waiting(NOON), 0);
        sent.kept();
        drop(given_up);
        submit(&backlog);
        assert_eq!(backlog.waiting(NOON), 1);
        assert_eq!(backlog.waiting(NOON + hour), 2);
        let late = backlog.take(None, NOON).unwrap().put_off(NOON);
        assert_eq!(backlog.waiting(NOON + hour), 3);
        drop(late);
        assert_eq!(backlog.waiting(NOON + hour), 2);
    }

    #[test]
    fn what_a_look_may_have_missed_is_counted_beside_it() {
        let backlog = Arc::new(Backlog::default());
        submit(&backlog);
        let (sent, given_up) = (
            backlog.take(None, NOON).unwrap(),
            backlog.take(None, NOON).unwrap(),
        );
        let (_, look) = backlog.outdated(NOON, AGE).unwrap();
        submit(&backlog);
        sent.kept();
        drop(given_up);
        look.unwrap().found(Some(10), NOON);
        assert_eq!(backlog.waiting(NOON), 12);
    }

    #[test]
    fn one_looks_at_a_time_and_the_next_when_it_is_over() {
        let backlog = Arc::new(Backlog::default());
        let (_, first) = backlog.outdated(NOON, AGE).unwrap();
        assert!(first.is_some());
        assert!(backlog.outdated(NOON, AGE).unwrap().1.is_none());
        drop(first);
        let (_, second) = backlog.outdated(NOON, AGE).unwrap();
        second.unwrap().found(Some(1), NOON);
        assert!(backlog.outdated(NOON, AGE).is_none());
        assert!(backlog.outdated(NOON + AGE, AGE).is_some());
    }

    #[test]
    fn without_a_limit_the_queue_is_looked_up_seldom() {
        let backlog = Arc::new(Backlog::default());
        let due = |at: Timestamp| {
            let looks = (0..100).filter_map(|_| {
                submit(&backlog);
                backlog.due(at)
            });
            looks.map(|look| look.found(Some(5), at)).count()
        };
        assert_eq!(due(NOON), 1);
        assert_eq!(due(NOON + QUEUE_LENGTH_AGE / 2), 0);
        assert_eq!(due(NOON + QUEUE_LENGTH_AGE), 1);
    }

    #[test]
    fn what_is_known_is_no_older_than_asked_for_or_says_why() {
        let backlog = Arc::new(Backlog::default());
        assert!(backlog.known(NOON, AGE).unwrap_err().is_transient());
        let look = || backlog.outdated(NOON, AGE).unwrap().1.unwrap();
        let away = StorageError::denied("count messages", "403");
        look().failed(away.clone());
        assert_eq!(backlog.known(NOON, AGE), Err(away));
        look().found(Some(3), NOON);
        assert_eq!(backlog.known(NOON, AGE), Ok(Some(3)));
        submit(&backlog);
        assert_eq!(backlog.known(NOON, AGE), Ok(Some(4)));
        assert!(backlog.known(NOON + AGE, AGE).is_err());
        let (_, later) = backlog.outdated(NOON + AGE, AGE).unwrap();
        later.unwrap().found(None, NOON + AGE);
        assert_eq!(backlog.known(NOON + AGE, AGE), Ok(None));
    }
}
