//! Whether a host brings the messages of a queue by itself. While it does, the sweep leaves them to it: two
//! who take from one queue hold up each other, and what one holds the other could begin.

use crate::limits::HOST_QUIET_AFTER;
use crate::local::sync::{Mutex, lock};
use ports::Timestamp;

/// What a host has brought of a queue to this process.
#[derive(Default)]
pub(crate) struct Hosted(Mutex<State>);

#[derive(Default)]
struct State {
    under_way: usize,
    last: Option<Timestamp>,
}

/// A message that the host holds while this lives.
pub(crate) struct Brought<'a>(&'a Hosted);

impl Hosted {
    /// The host brings a message now.
    pub(crate) fn brings(&self, now: Timestamp) -> Brought<'_> {
        let mut state = lock(&self.0);
        state.under_way += 1;
        state.last = Some(now);
        Brought(self)
    }

    /// Whether it holds a message of the queue, or has brought one within [`HOST_QUIET_AFTER`].
    pub(crate) fn is_bringing(&self, now: Timestamp) -> bool {
        let state = lock(&self.0);
        state.under_way > 0 || state.last.is_some_and(|last| now - last < HOST_QUIET_AFTER)
    }
}

impl Drop for Brought<'_> {
    fn drop(&mut self) {
        lock(&self.0.0).under_way -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_host_is_quiet_when_nothing_came_for_long_and_it_holds_nothing() {
        let hosted = Hosted::default();
        let (then, later) = (
            Timestamp::UNIX_EPOCH,
            Timestamp::UNIX_EPOCH + HOST_QUIET_AFTER,
        );
        assert!(!hosted.is_bringing(then));
        let brought = hosted.brings(then);
        assert!(hosted.is_bringing(later));
        drop(brought);
        assert!(hosted.is_bringing(later - Duration::from_millis(1)));
        assert!(!hosted.is_bringing(later));
    }
}
