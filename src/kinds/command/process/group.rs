//! The process group of a command: what it started, and what that started.

use std::io;
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

use super::Watchdog;

/// The group that a command leads. It is killed when this is dropped.
pub(super) struct Group {
    leader: Pid,
    watchdog: Arc<Watchdog>,
}

impl Group {
    /// The group of a command that was just started as its leader.
    ///
    /// # Errors
    ///
    /// Its end was waited for already, so that its number says nothing.
    pub(super) fn of(child: &Child, watchdog: &Arc<Watchdog>) -> io::Result<Self> {
        let number = child.id().and_then(|id| i32::try_from(id).ok());
        let leader = number
            .and_then(Pid::from_raw)
            .ok_or(io::ErrorKind::NotFound)?;
        watchdog.watch(leader);
        Ok(Self {
            leader,
            watchdog: Arc::clone(watchdog),
        })
    }

    /// Asks all of it to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends all of it.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // A group without members cannot be signalled, and need not be. Its number is not given to
        // another process before all other numbers were.
        let _ = kill_process_group(self.leader, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        self.watchdog.forget(self.leader);
    }
}
