//! How a test and the threads of its tasks wait for each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Holds threads and futures up until it is opened.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<bool>, Condvar)>, CancellationToken);

impl Gate {
    pub(super) fn open(&self) {
        let (open, opened) = &*self.0;
        *open.lock().unwrap() = true;
        opened.notify_all();
        self.1.cancel();
    }

    /// Waits until the gate is open.
    pub(super) async fn opened(&self) {
        self.1.cancelled().await;
    }

    /// Waits for a moment; true when the gate is open.
    pub(super) fn wait(&self) -> bool {
        let (open, opened) = &*self.0;
        let open = open.lock().unwrap();
        let (open, _) = opened
            .wait_timeout_while(open, Duration::from_millis(10), |open| !*open)
            .unwrap();
        *open
    }
}

/// How often something has happened.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<AtomicUsize>);

impl Runs {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts one more, and says how many there were before.
    pub(super) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}
