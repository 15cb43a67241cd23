//! The locks of what threads share. With `cfg(shuttle)` they are those of `shuttle`, which runs every
//! order of their steps, and work only inside one of its runs: so are these files compiled in
//! `crates/interleavings`, and nowhere else.
//!
//! What tokio shares (watch channels, cancellation tokens, semaphores) is a single step to it.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard};

use std::sync::PoisonError;

/// A panic while one of our short sections held the lock leaves the value whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
