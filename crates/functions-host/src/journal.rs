//! An append-only list that tests can read at any time and wait on.
//!
//! It knows nothing of what it holds. Waiting has a deadline and fails the test with everything
//! seen so far, so that a test never sleeps and never hangs.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long a test waits for an entry before it fails. Generous, because it is only ever used up
/// by a test that fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Entries in the order they happened.
pub struct Journal<T> {
    entries: Mutex<Vec<T>>,
    length: watch::Sender<usize>,
}

impl<T> Default for Journal<T> {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            length: watch::Sender::new(0),
        }
    }
}

impl<T: Clone + Debug> Journal<T> {
    /// Appends an entry and wakes everyone who waits.
    pub fn push(&self, entry: T) {
        let length = {
            let mut entries = self.entries.lock().expect("a journal writer panicked");
            entries.push(entry);
            entries.len()
        };
        self.length.send_replace(length);
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<T> {
        self.entries
            .lock()
            .expect("a journal writer panicked")
            .clone()
    }

    /// Waits until `find` sees what it looks for in the entries so far, and returns that.
    ///
    /// `what` completes the sentence "no … within 120s".
    pub async fn wait_for<R>(&self, what: &str, mut find: impl FnMut(&[T]) -> Option<R>) -> R {
        // Subscribed before the first look, so that an entry between look and wait is not missed.
        let mut length = self.length.subscribe();
        let deadline = Instant::now() + PATIENCE;
        loop {
            length.mark_unchanged();
            if let Some(found) = find(&self.entries()) {
                return found;
            }
            let arrived = timeout_at(deadline, length.changed()).await.is_ok();
            assert!(
                arrived,
                "no {what} within {PATIENCE:?}, only {:#?}",
                self.entries()
            );
        }
    }
}
