//! Implementations of the [ports](crate::ports), one storage technology each.

pub mod azure;
mod clock;
pub mod embedded;

pub use clock::SystemClock;
