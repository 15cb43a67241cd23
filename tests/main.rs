//! One integration binary.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "helpers fail as tests do, and are public to all tests"
)]

mod api;
mod architecture;
mod azure;
mod backends;
mod clients;
mod commands;
mod connection;
mod crash;
mod helpers;
mod host_selftest;
mod hosted;
mod hostile;
mod limits;
mod manifests;
mod openapi;
mod process;
mod raw_queue;
mod readme;
mod submissions;
mod surfaces;
mod testing;
mod urls;
mod worker;
