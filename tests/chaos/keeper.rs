//! What keeps a handler going while it is killed: a thread, and where its handler can be reached.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::helpers::client::Client;
use crate::ledger::{Breach, Ledger};
use crate::random::Random;

/// One handler's place: where it listens, or did last.
pub(crate) type Door = Arc<Mutex<Option<Client>>>;

/// What a keeper's thread works with.
pub(crate) struct Keeping {
    pub(crate) kills_until: Instant,
    pub(crate) random: Random,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) door: Door,
    stop: Arc<AtomicBool>,
}

/// The other end of the thread.
pub(crate) struct Keeper {
    pub(crate) door: Door,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Keeper {
    pub(crate) fn start(
        kills_until: Instant,
        random: Random,
        ledger: Arc<Ledger>,
        keep: impl FnOnce(Keeping) + Send + 'static,
    ) -> Self {
        let (door, stop) = (Door::default(), Arc::new(AtomicBool::new(false)));
        let keeping = Keeping {
            kills_until,
            random,
            ledger,
            door: Arc::clone(&door),
            stop: Arc::clone(&stop),
        };
        let thread = thread::spawn(move || keep(keeping));
        Self { door, stop, thread }
    }

    /// Stops the handler, which has no more to do.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

impl Keeping {
    /// Says where the handler listens now.
    pub(crate) fn opens(&self, client: Client) {
        *self.door.lock().unwrap() = Some(client);
    }

    pub(crate) fn may_kill(&self) -> bool {
        Instant::now() < self.kills_until
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Looks for defects that no client need have seen.
    pub(crate) fn read(&self, log: &str) {
        let defects = ["panicked at", "internal error"];
        for line in log
            .lines()
            .filter(|line| defects.iter().any(|defect| line.contains(defect)))
        {
            self.ledger.breach(Breach::Unexpected, line.to_owned());
        }
    }
}
