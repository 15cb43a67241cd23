//! How long storage may take, in all, for what somebody waits for.
//!
//! A budget goes with the task of the runtime that asks, so no port has a parameter for it, and whoever asks
//! without one has the backend's own times: what works in the background. It begins with the first call, so
//! that a client who sends slowly spends nothing of it.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

tokio::task_local! {
    static BUDGET: Option<Budget>;
}

#[derive(Clone, Debug)]
struct Budget {
    length: Cell<Duration>,
    begun: Cell<Option<Instant>>,
}

impl Budget {
    fn deadline(&self) -> Instant {
        let begun = self.begun.get().unwrap_or_else(Instant::now);
        self.begun.set(Some(begun));
        begun + self.length.get()
    }
}

/// The budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

/// Does some work within a budget; with `None`, without one.
pub fn within<F: Future>(
    length: Option<Duration>,
    work: F,
) -> impl Future<Output = F::Output> + use<F> {
    let budget = length.map(|length| Budget {
        length: Cell::new(length),
        begun: Cell::new(None),
    });
    BUDGET.scope(budget, work)
}

/// Takes along what is left of the budget, for work that is spawned and waited for.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
    let budget = of(|budget| {
        budget.deadline();
        budget.clone()
    });
    BUDGET.scope(budget, work)
}

/// Makes the budget longer, if there is one: by a wait that was asked for.
pub fn extend(by: Duration) {
    of(|budget| budget.length.set(budget.length.get() + by));
}

/// What is left of the budget, which begins now if it has not; `None` when there is none.
pub fn left() -> Option<Duration> {
    let deadline = of(Budget::deadline)?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

/// The shorter of a time limit and what is left of the budget.
pub fn at_most(limit: Duration) -> Duration {
    left().map_or(limit, |left| left.min(limit))
}

/// Waits for something for as long as the budget lasts.
///
/// # Errors
///
/// When the budget is spent first.
pub async fn bounded<F: Future>(work: F) -> Result<F::Output, Spent> {
    match of(Budget::deadline) {
        None => Ok(work.await),
        Some(deadline) => timeout_at(deadline, work).await.map_err(|_| Spent),
    }
}

fn of<T>(look: impl FnOnce(&Budget) -> T) -> Option<T> {
    BUDGET
        .try_with(|budget| budget.as_ref().map(look))
        .ok()
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_budget_begins_with_the_first_call_and_is_shared_by_all() {
        let spent = within(Some(10 * SECOND), async {
            sleep(60 * SECOND).await;
            assert_eq!(left(), Some(10 * SECOND));
            assert_eq!(bounded(sleep(4 * SECOND)).await, Ok(()));
            assert_eq!(left(), Some(6 * SECOND));
            assert_eq!(at_most(5 * SECOND), 5 * SECOND);
            let began = Instant::now();
            assert_eq!(bounded(pending::<()>()).await, Err(Spent));
            assert_eq!(at_most(5 * SECOND), Duration::ZERO);
            began.elapsed()
        });
        assert_eq!(spent.await, 6 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_was_asked_for_comes_on_top() {
        let work = within(Some(10 * SECOND), async {
            assert_eq!(bounded(sleep(SECOND)).await, Ok(()));
            extend(60 * SECOND);
            assert_eq!(left(), Some(69 * SECOND));
        });
        work.await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_spawned_has_the_budget_only_if_it_is_carried() {
        let work = within(Some(10 * SECOND), async {
            bounded(sleep(SECOND)).await.unwrap();
            let background = tokio::spawn(async { left() });
            assert_eq!(background.await.unwrap(), None);
            let waited_for = tokio::spawn(carried(async { left() }));
            assert_eq!(waited_for.await.unwrap(), Some(9 * SECOND));
        });
        work.await;
        assert_eq!(within(None, async { left() }).await, None);
        assert_eq!(bounded(sleep(SECOND)).await, Ok(()));
    }
}
