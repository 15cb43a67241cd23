//! Implementations of the [ports](crate::ports), one storage technology each.

pub mod azure;
mod clock;
mod counted;
pub mod embedded;

pub use clock::SystemClock;
pub use counted::{Counted, Counts};
