//! Chaos: hundreds of clients go on while processes are killed, storage goes away and answers are
//! lost. At the end every task that was accepted has ended once, with the right value.
//!
//! The short run is part of `cargo test`. The long one, and a repetition of either:
//!
//! ```sh
//! CHAOS_SECONDS=1800 CHAOS_SEED=7 cargo test --test chaos -- --nocapture
//! ```
//!
//! See `settings` for what can be set, and `ledger` for what is promised.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "helpers fail as tests do, and are public to all tests"
)]

mod azure;
mod client;
mod embedded;
mod faults;
mod fibonacci;
mod front;
mod handlers;
#[expect(
    dead_code,
    unused_imports,
    reason = "the helpers of all tests, of which these need a few"
)]
#[path = "../helpers/mod.rs"]
mod helpers;
mod hosted;
mod hosts;
mod keeper;
mod ledger;
mod run;
mod settings;
mod storage;
mod table;

use testkit::random;
use tokio::sync::{Mutex, MutexGuard};

/// A scenario has the machine for itself until its chaos is over. Then it mostly waits for other
/// clocks, and the next one may begin.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// Waits for that; and what the handler is, is built by then.
async fn machine() -> MutexGuard<'static, ()> {
    let machine = MACHINE.lock().await;
    helpers::project::handler_with_flows();
    machine
}
