//! A thread that is waited for when its owner is dropped.

use std::io;
use std::thread::{Builder, JoinHandle};

use tokio_util::sync::CancellationToken;

/// A running thread. Whoever owns it must first drop what makes the thread end: declare the
/// channel's sender above it, because fields are dropped in the order of their declaration.
#[derive(Debug)]
pub(super) struct Joined(Option<JoinHandle<()>>);

impl Joined {
    /// Starts the thread, whose end, also by a panic, cancels `ended`. Fails when the operating
    /// system refuses one more.
    pub(super) fn spawn(
        name: &str,
        ended: &CancellationToken,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let ended = ended.clone().drop_guard();
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            let _ended = ended;
            body();
        })?;
        Ok(Self(Some(thread)))
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        // A thread that panicked has told its callers by dropping their replies.
        let _ = self.0.take().map(JoinHandle::join);
    }
}
