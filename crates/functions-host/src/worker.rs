//! The handler, as the rest of the host sees it.

use tokio::sync::{Notify, watch};

/// The worker as the rest of the host sees it.
pub(crate) struct Worker {
    /// The same over all restarts.
    pub(crate) port: u16,
    pub(super) state: watch::Sender<State>,
    pub(super) restart: Notify,
    pub(super) down: Notify,
}

/// Whether the host believes that the handler answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Starting,
    Ready,
    /// Exited with 0 and not missed: invocations go to a port where nobody listens.
    Gone,
}

impl Worker {
    /// On this port. Nothing is started yet.
    pub(crate) fn new(port: u16) -> Self {
        Self {
            port,
            state: watch::Sender::new(State::Starting),
            restart: Notify::new(),
            down: Notify::new(),
        }
    }

    /// Resolves once the host believes that the handler answers.
    pub(crate) async fn ready(&self) {
        let mut state = self.state.subscribe();
        // The sender lives in `self`, so the channel cannot close.
        let _ = state.wait_for(|state| *state != State::Starting).await;
    }

    /// Resolves once the handler is not there, or not any more.
    pub(crate) async fn lost(&self) {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| *state != State::Ready).await;
    }

    /// Kills the process and starts it again: an invocation exceeded `functionTimeout`.
    pub(crate) fn restart(&self) {
        // Two that exceed it together must not cost the next process its life as well.
        if *self.state.borrow() == State::Ready {
            self.restart.notify_one();
        }
    }

    /// Ends `run`: the process is killed and stays dead.
    pub(crate) fn shut_down(&self) {
        self.down.notify_one();
    }
}
