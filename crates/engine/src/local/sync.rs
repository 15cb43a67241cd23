//! The locks of what threads share, so that unit tests can run every order of their steps: there
//! they are those of `shuttle`, and work only inside one of its runs.
//!
//! What tokio shares (watch channels, cancellation tokens, semaphores) is a single step to it.

#[cfg(test)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(test))]
pub(crate) use std::sync::{Mutex, MutexGuard};

use std::sync::PoisonError;

/// A panic while one of our short sections held the lock leaves the value whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
