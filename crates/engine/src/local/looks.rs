//! One look at a time at what many want to see, and one answer for all who came before it began.
//!
//! A look that began before somebody came is nothing for them: what they wrote themselves, a moment ago,
//! could be missing. So of many who come at once the first looks alone, and the next one for all the others.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::local::sync::{self, lock};
use crate::model::id::TaskId;
use ports::{Clock, Timestamp, budget};

/// The looks at one thing.
pub(crate) struct Looks<T> {
    /// Taken by all who come, and by each look that begins: so it tells which was first.
    tickets: AtomicU64,
    /// How many stand in line, who came before the look that begins next.
    in_line: AtomicUsize,
    /// Held while somebody looks.
    last: Mutex<Option<Seen<T>>>,
}

/// What came of a look.
struct Seen<T> {
    began: u64,
    ended_at: Timestamp,
    value: T,
}

impl<T> Default for Looks<T> {
    fn default() -> Self {
        Self {
            tickets: AtomicU64::new(0),
            in_line: AtomicUsize::new(0),
            last: Mutex::new(None),
        }
    }
}

impl<T: Clone> Looks<T> {
    /// What a look sees that begins from now on. `None` when the budget is spent in line.
    pub(crate) async fn look<F: Future<Output = T>>(
        &self,
        clock: &dyn Clock,
        look: impl FnOnce() -> F,
    ) -> Option<T> {
        let came = self.ticket();
        self.unless(|seen| seen.began > came, false, clock, look)
            .await
    }

    /// The same, or what a look saw that ended no longer than `age` ago.
    pub(crate) async fn recent<F: Future<Output = T>>(
        &self,
        age: Duration,
        clock: &dyn Clock,
        look: impl FnOnce() -> F,
    ) -> Option<T> {
        let since = clock.now() - age;
        self.unless(|seen| seen.ended_at > since, true, clock, look)
            .await
    }

    /// Looks, unless what was seen last is good enough. It is kept for those in line, or for whoever comes.
    async fn unless<F: Future<Output = T>>(
        &self,
        is_enough: impl Fn(&Seen<T>) -> bool,
        is_kept: bool,
        clock: &dyn Clock,
        look: impl FnOnce() -> F,
    ) -> Option<T> {
        let line = Line::join(&self.in_line);
        let mut last = budget::bounded(self.last.lock()).await.ok()?;
        drop(line);
        if let Some(seen) = last.as_ref().filter(|seen| is_enough(seen)) {
            return Some(seen.value.clone());
        }
        // A look that is broken off has seen nothing.
        *last = None;
        let is_awaited = is_kept || self.in_line.load(Ordering::SeqCst) > 0;
        let began = self.ticket();
        let value = look().await;
        if is_awaited {
            *last = Some(Seen {
                began,
                ended_at: clock.now(),
                value: value.clone(),
            });
        }
        Some(value)
    }

    fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::SeqCst)
    }
}

/// A place in line.
struct Line<'a>(&'a AtomicUsize);

impl<'a> Line<'a> {
    fn join(in_line: &'a AtomicUsize) -> Self {
        in_line.fetch_add(1, Ordering::SeqCst);
        Self(in_line)
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The looks at tasks, each for as long as somebody looks.
pub(crate) struct LooksAtTasks<T>(sync::Mutex<HashMap<TaskId, Arc<Looks<T>>>>);

impl<T> Default for LooksAtTasks<T> {
    fn default() -> Self {
        Self(sync::Mutex::default())
    }
}

impl<T: Clone> LooksAtTasks<T> {
    /// What a look at a task sees that begins from now on. `None` when the budget is spent in line.
    pub(crate) async fn look<F: Future<Output = T>>(
        &self,
        id: TaskId,
        clock: &dyn Clock,
        look: impl FnOnce() -> F,
    ) -> Option<T> {
        let place = Place {
            looks: Arc::clone(lock(&self.0).entry(id).or_default()),
            all: self,
            id,
        };
        place.looks.look(clock, look).await
    }
}

/// One of those who look at a task; the last of them forgets the looks.
struct Place<'a, T> {
    looks: Arc<Looks<T>>,
    all: &'a LooksAtTasks<T>,
    id: TaskId,
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        let mut all = lock(&self.all.0);
        // Its own, and that of the map: nobody comes to another while the map is locked.
        if Arc::strong_count(&self.looks) == 2 {
            all.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::future::join_all;
    use time::macros::datetime;
    use tokio::time::sleep;

    use super::*;

    const NOON: Timestamp = datetime!(2026-08-20 12:00:00 UTC);
    const SECOND: Duration = Duration::from_secs(1);

    /// Noon, and what has passed since by the clock of the runtime.
    struct RuntimeClock(tokio::time::Instant);

    impl RuntimeClock {
        fn new() -> Self {
            Self(tokio::time::Instant::now())
        }
    }

    impl Clock for RuntimeClock {
        fn now(&self) -> Timestamp {
            NOON + self.0.elapsed()
        }
    }

    /// What changes with every look at it, each of which takes a second.
    #[derive(Default)]
    struct Thing(AtomicUsize);

    impl Thing {
        async fn seen(&self) -> usize {
            let value = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            sleep(SECOND).await;
            value
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_who_come_at_once_the_first_looks_alone_and_the_second_for_all_others() {
        let (looks, thing, clock) = (Looks::default(), Thing::default(), RuntimeClock::new());
        let seen = join_all((0..1_000).map(|_| looks.look(&clock, || thing.seen()))).await;
        assert_eq!(seen[0], Some(1));
        assert!(seen[1..].iter().all(|seen| *seen == Some(2)));
        assert_eq!(thing.0.into_inner(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_began_before_somebody_came_is_nothing_for_them() {
        let (looks, thing, clock) = (Looks::default(), Thing::default(), RuntimeClock::new());
        let (looks, thing, clock) = (&looks, &thing, &clock);
        let seen = join_all((0..20).map(|tenths| async move {
            sleep(SECOND * tenths / 10).await;
            let before = thing.0.load(Ordering::SeqCst);
            let seen = looks.look(clock, || thing.seen()).await;
            (before, seen.unwrap())
        }))
        .await;
        for (before, seen) in seen {
            assert!(
                seen > before,
                "a look at {seen} for who came after {before}"
            );
        }
        assert_eq!(thing.0.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_recent_look_is_good_enough_for_as_long_as_it_is() {
        let (looks, thing, clock) = (Looks::default(), Thing::default(), RuntimeClock::new());
        let recent = || looks.recent(SECOND, &clock, || thing.seen());
        let seen = join_all((0..1_000).map(|_| recent())).await;
        assert!(seen.iter().all(|seen| *seen == Some(1)));
        sleep(SECOND - Duration::from_millis(1)).await;
        assert_eq!(recent().await, Some(1));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(recent().await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_is_broken_off_is_made_by_the_next_in_line() {
        let (looks, thing, clock) = (Looks::default(), Thing::default(), RuntimeClock::new());
        let broken_off = async {
            tokio::select! {
                _ = looks.look(&clock, pending) => {}
                () = sleep(SECOND) => {}
            }
        };
        let (_, seen) = tokio::join!(broken_off, looks.look(&clock, || thing.seen()));
        assert_eq!(seen, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_stands_in_line_for_longer_than_there_is_time() {
        let (looks, clock) = (Looks::<()>::default(), RuntimeClock::new());
        let first = looks.look(&clock, pending);
        let second = budget::within(Some(SECOND), looks.look(&clock, pending));
        tokio::select! {
            biased;
            _ = first => unreachable!("the first look never ends"),
            seen = second => assert_eq!(seen, None),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_of_looks_at_tasks_when_nobody_looks() {
        let (looks, thing, clock) = (
            LooksAtTasks::default(),
            Thing::default(),
            RuntimeClock::new(),
        );
        let ids = [TaskId::new(NOON), TaskId::new(NOON)];
        let seen =
            join_all((0..100).map(|n| looks.look(ids[n % 2], &clock, || thing.seen()))).await;
        assert!(seen.iter().all(Option::is_some));
        assert_eq!(thing.0.into_inner(), 4);
        assert!(lock(&looks.0).is_empty());
    }
}
