//! The files of the engine.

#[path = "../../engine/src/local/running.rs"]
mod running;
#[path = "../../engine/src/local/sync.rs"]
mod sync;
#[path = "../../engine/src/local/waiters.rs"]
mod waiters;
