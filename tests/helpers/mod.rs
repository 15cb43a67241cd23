//! What the tests share.

pub mod app;
pub mod azurite;
pub mod calls;
pub mod client;
pub mod clock;
pub mod eventually;
pub mod gate;
pub mod handler;
pub mod kinds;
pub mod lines;
pub mod memory;
pub mod process;
pub mod proxy;
pub mod queues;
pub mod raw;
pub mod reply;
pub mod seen;
