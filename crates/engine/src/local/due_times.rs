//! When messages become due that are put off, as far as this process knows: by its own submissions, and by what
//! its sweeps have seen. Whoever empties the queue looks then, and need not look more often to be on time.
//!
//! What nobody here knows of is found as late as the loop looks into an idle queue.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use crate::limits::DUE_AHEAD;
use crate::local::sync::{Mutex, lock};
use ports::{Clock, Timestamp};

/// Whole seconds since 1970, rounded up: there are [`DUE_AHEAD`] of them at the most.
#[derive(Default)]
pub(crate) struct DueTimes {
    seconds: Mutex<BTreeSet<i64>>,
    /// Told when there is an earlier one than before.
    earlier: Notify,
}

impl DueTimes {
    /// A message is due then. What is later than [`DUE_AHEAD`] is left to a sweep to tell of.
    pub(crate) fn add(&self, due_at: Timestamp, now: Timestamp) {
        if due_at <= now || due_at - now > DUE_AHEAD {
            return;
        }
        let mut seconds = lock(&self.seconds);
        // Where a host brings the messages, nobody else takes out what is over.
        take_over(&mut seconds, now);
        let second = due_at.unix_timestamp() + i64::from(due_at.nanosecond() > 0);
        seconds.insert(second);
        if seconds.first() == Some(&second) {
            self.earlier.notify_one();
        }
    }

    /// Returns when a message is due.
    pub(crate) async fn next(&self, clock: &dyn Clock) {
        loop {
            let earlier = self.earlier.notified();
            match self.left(clock.now()) {
                Some(Duration::ZERO) => return,
                Some(left) => tokio::select! {
                    () = earlier => {}
                    () = sleep(left) => {}
                },
                None => earlier.await,
            }
        }
    }

    /// How long it is until the first; what is over is told once.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        let mut seconds = lock(&self.seconds);
        if take_over(&mut seconds, now) {
            return Some(Duration::ZERO);
        }
        let first = Timestamp::from_unix_timestamp(*seconds.first()?).ok()?;
        (first - now).try_into().ok()
    }
}

/// Takes out what is over, and says whether there was any.
fn take_over(seconds: &mut BTreeSet<i64>, now: Timestamp) -> bool {
    let mut is_any = false;
    while seconds
        .first()
        .is_some_and(|second| *second <= now.unix_timestamp())
    {
        seconds.pop_first();
        is_any = true;
    }
    is_any
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: Timestamp = datetime!(2026-08-20 12:00:00 UTC);

    fn after(milliseconds: u64) -> Timestamp {
        NOON + Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_first_is_told_once_and_no_earlier_than_its_time() {
        let times = DueTimes::default();
        for milliseconds in [3_000, 1_500, 1_700] {
            times.add(after(milliseconds), NOON);
        }
        assert_eq!(times.left(NOON), Some(Duration::from_secs(2)));
        assert_eq!(times.left(after(2_000)), Some(Duration::ZERO));
        assert_eq!(times.left(after(2_000)), Some(Duration::from_secs(1)));
        assert_eq!(times.left(after(9_000)), Some(Duration::ZERO));
        assert_eq!(times.left(after(9_000)), None);
    }

    #[test]
    fn what_is_over_or_far_away_is_not_kept() {
        let times = DueTimes::default();
        times.add(NOON, NOON);
        times.add(NOON + DUE_AHEAD + Duration::from_secs(1), NOON);
        assert_eq!(times.left(NOON), None);
        times.add(after(1_000), NOON);
        times.add(after(3_000), after(2_000));
        assert_eq!(times.left(after(2_000)), Some(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_hears_of_an_earlier_one() {
        struct At(tokio::time::Instant);
        impl Clock for At {
            fn now(&self) -> Timestamp {
                NOON + self.0.elapsed()
            }
        }
        let (times, clock) = (DueTimes::default(), At(tokio::time::Instant::now()));
        times.add(after(60_000), NOON);
        tokio::join!(times.next(&clock), async {
            sleep(Duration::from_secs(1)).await;
            times.add(after(5_000), clock.now());
        });
        assert_eq!(clock.now(), after(5_000));
    }
}
