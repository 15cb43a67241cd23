//! Implementations of the [ports](crate::ports), one storage technology each.

pub mod azure;
pub mod embedded;
