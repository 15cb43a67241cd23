//! The pauses of the queue trigger while its queue is empty, or missing.
//!
//! Protocol: `extensions.queues` in host.json (`RandomizedExponentialBackoffStrategy.cs`). The first is
//! 0.1 s, and what is added to that doubles: 0.2, 0.3, 0.5, 0.9, 1.7 s, up to `maxPollingInterval`. The
//! host adds a fifth more or less at random; this double the middle, so that a test can count on it.

use std::time::Duration;

/// The first pause, and the first addition to it.
const SHORTEST: Duration = Duration::from_millis(100);

/// What the next pause is to be.
pub(crate) struct Backoff {
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses up to this one, which is not below 0.1 s.
    pub(crate) fn up_to(longest: Duration) -> Self {
        Self {
            longest,
            next: SHORTEST,
        }
    }

    /// Begins anew: there was a message.
    pub(crate) fn reset(&mut self) {
        self.next = SHORTEST;
    }

    /// The pause after a look at the queue that found nothing.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.next;
        let added = (pause - SHORTEST) * 2;
        self.next = (SHORTEST + added.max(SHORTEST)).min(self.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(backoff: &mut Backoff, count: usize) -> Vec<u128> {
        let pauses = std::iter::repeat_with(|| backoff.pause().as_millis());
        pauses.take(count).collect()
    }

    #[test]
    fn pauses_grow_to_the_longest_and_begin_anew_after_a_message() {
        let mut backoff = Backoff::up_to(Duration::from_secs(2));
        let grown = [100, 200, 300, 500, 900, 1_700, 2_000, 2_000];
        assert_eq!(millis(&mut backoff, 8), grown);
        backoff.reset();
        assert_eq!(millis(&mut backoff, 3), [100, 200, 300]);
    }

    #[test]
    fn the_longest_may_be_the_first() {
        let mut backoff = Backoff::up_to(SHORTEST);
        assert_eq!(millis(&mut backoff, 3), [100, 100, 100]);
    }
}
