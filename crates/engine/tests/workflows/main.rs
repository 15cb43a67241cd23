//! Workflows on a store on disk: each message is delivered by the same loop as a service's.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "helpers fail as tests do, and are public to all tests"
)]

mod bench;
mod children;
mod control;
mod deaths;
mod dying;
mod fan_outs;
mod flows;
mod names;
mod rounds;
mod steps;
