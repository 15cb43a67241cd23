//! What the tests and the benches of several packages share, and no other: an emulated storage
//! account, wires that misbehave, streams and random choices.
//!
//! It fails as tests do: what does not hold, or not in time, panics and says so.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "it is for tests, which fail so"
)]

pub mod azurite;
pub mod eventually;
pub mod lines;
pub mod proxy;
pub mod random;
pub mod raw;
