//! What a task costs, counted and not timed: allocations, memory, storage operations, commits. A machine
//! that is slow or busy counts the same.
//!
//! A count is compared with the figure in `figures`, either way: more is a regression, less is a
//! figure to be lowered. So what was won once is not lost again unseen.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "helpers fail as tests do, and are public to all tests"
)]

mod allocations;
mod client;
mod commits;
mod figures;
#[expect(
    dead_code,
    unused_imports,
    reason = "the helpers of all tests, of which these need a few"
)]
#[path = "../helpers/mod.rs"]
mod helpers;
mod idle;
mod memory;
mod operations;
mod workflows;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::sync::Mutex;

/// Counts what any thread of this process allocates, but for what SQLite does: that is C.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Held by each test: what another one allocates would be counted as well.
static ALONE: Mutex<()> = Mutex::const_new(());
