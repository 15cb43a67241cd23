//! One integration binary.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed expectation is a test's way to say so, in its helpers too"
)]

mod backends;
mod helpers;
