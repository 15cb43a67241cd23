//! Implementations of the [ports], one storage technology each: [`embedded`], a SQLite file, and [`azure`], a storage
//! account.
//!
//! A part of the package `async-request-reply`, where whoever wants work done begins.

pub mod azure;
mod clock;
mod counted;
pub mod embedded;
pub mod private;

use std::time::Duration;

pub use clock::SystemClock;
pub use counted::{Counted, Counts};

/// How long an operation waits for its turn before it fails as overload: no
/// longer than a health check may take, so that what asks learns of it.
const TURN_WAIT: Duration = Duration::from_secs(5);
