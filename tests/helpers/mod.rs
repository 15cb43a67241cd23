//! What the tests share.

pub mod app;
pub mod calls;
pub mod certificates;
pub mod client;
pub mod clock;
pub mod deployment;
pub mod flows;
pub mod gate;
pub mod handler;
pub mod kinds;
pub mod memory;
pub mod nginx;
pub mod own_crate;
pub mod process;
pub mod project;
pub mod queues;
pub mod reply;
pub mod resident;
pub mod seen;
pub mod stranger;
pub mod tallies;

pub use testkit::{azurite, eventually, lines, proxy, raw};
