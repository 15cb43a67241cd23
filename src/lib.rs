//! Async request-reply for Azure Functions: a client hands in work over HTTP and gets `202
//! Accepted` at once; a queue carries the work to a worker; the worker writes the result into the
//! task's record; the client fetches it.
//!
//! # The map
//!
//! ```text
//! main ─▶ startup ─┬─▶ config
//!                  ├─▶ api ──────┐
//!                  ├─▶ triggers ─┴─▶ engine ─▶ ports ◀─┬─ backends::azure
//!                  └─▶ backends (named only here)      └─ backends::embedded
//! ```
//!
//! An arrow is the only way to import: `engine`, `ports` and `backends` are crates of their own, so
//! the compiler keeps it. `engine` knows no HTTP, `api` no envelopes of the host, the backends no task.
//! `startup` knows all parts and how none of them works.
//!
//! `kinds` is the work that comes with the service, written against the crate `work` as anybody's is.
//! Beside them: `commands` is what `handler` does without serving, `logging` writes what all of them
//! log, and `panics` tells it of their defects.
//!
//! # The two data flows
//!
//! ```text
//! submit   POST /api/tasks -> api::tasks -> Tasks::submit
//!            -> Intake.accept(record: queued, message)
//!          <- 202
//!
//! work     hosted:     host -> POST /queue_worker -> triggers::queue_worker ─┐
//!          standalone: triggers::standalone (Consumer.receive) ──────────────┤
//!                                                                            ▼
//!          Worker::run(Delivery) -> kind -> TaskStore.replace(record, If-Match) -> Outcome
//! ```
//!
//! # Words
//!
//! The vocabulary is Azure's: task, record, message, delivery, attempt, dequeue count, visibility
//! timeout, poison queue, sweep. **R0** is the small Python sample for Azure Functions whose HTTP
//! API, queue messages and blobs this service understands; see `docs/compatibility.md`.

pub mod api;
pub mod commands;
pub mod config;
pub mod functions;
mod handler;
pub mod kinds;
pub mod logging;
mod origins;
pub mod panics;
pub mod startup;
pub mod triggers;

pub use handler::Handler;
pub use work::{
    BackOff, BlockingKind, Callback, Context, ErrorCode, Failure, InvalidInput, Kind, KindName,
    Policy, SubmitFailed, WithoutSchema, schemars,
};
