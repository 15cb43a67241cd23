//! Waiting for what happens in its own time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Far longer than anything here takes, so that a busy machine fails no test.
pub const DEADLINE: Duration = Duration::from_secs(180);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Looks until there is something to see, and gives it. Panics at the deadline, with `what` was
/// waited for.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(
            begun.elapsed() < DEADLINE,
            "not within {DEADLINE:?}: {what}"
        );
        sleep(POLL_INTERVAL).await;
    }
}
