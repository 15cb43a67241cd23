//! Async request-reply for Azure Functions: a client hands in work over HTTP and gets `202
//! Accepted` at once; a queue carries the work to a worker; the worker writes the result into the
//! task's record; the client fetches it.
//!
//! # Work of one's own
//!
//! A program of one's own is the service with kinds of work of its own:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use async_request_reply::{BlockingKind, Context, Failure, Handler, Policy};
//!
//! /// Counts the words of a text.
//! struct WordCount;
//!
//! impl BlockingKind for WordCount {
//!     type Input = String;
//!     type Output = usize;
//!
//!     fn run(&self, text: String, _: &Context) -> Result<usize, Failure> {
//!         Ok(text.split_whitespace().count())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     Handler::from_env()
//!         .blocking_kind("word-count", WordCount, Policy::default())
//!         .run()
//! }
//! ```
//!
//! A client asks for it with `POST /api/tasks {"kind": "word-count", "input": "to be or not to be"}`. What to read,
//! in this order:
//!
//! | | |
//! |---|---|
//! | [`BlockingKind`], [`Kind`] | work that computes or blocks, and work that waits |
//! | [`Failure`] | why there is no result, and whether it is tried again |
//! | [`Policy`] | how often, how long, how many at a time |
//! | [`Context`] | what an attempt knows and can do: stop, progress, files, further tasks |
//! | [`Handler`] | settings, kinds and workflows, put together and run |
//! | `testing::TestHandler` | with the feature `testing`: the real service in a test |
//! | [`workflow`] | work that is made of steps |
//!
//! Work may run more than once, after a crash for example, so it must be safe to repeat. `handler init` writes a crate to
//! begin from, and `docs/kinds/rust.md` tells more. Examples that name the crate `work` mean what is here: it is passed
//! on from there.
//!
//! That is all that is promised here. What else is public is for the service's own tests, and hidden.
//!
//! # The map
//!
//! ```text
//! main ──▶ handler ─┬─▶ startup ─┬─▶ config ─▶ backends::azure (what an account is)
//!                   │            ├─▶ api ──────┐            ┌─▶ work ◀─ kinds
//!                   │            ├─▶ triggers ─┴─▶ engine ──┴─▶ ports ◀─┬─ backends::azure
//!                   │            └─▶ backends                           └─ backends::embedded
//!                   ├─▶ kinds
//!                   └─▶ commands ─┬─▶ functions ─▶ the tables of api and triggers
//!                                 └─▶ kinds
//! ```
//!
//! An arrow is the only way to import. Between crates (`engine`, `work`, `ports`, `backends`) the compiler
//! keeps it, between the modules of this one a test, `tests/architecture`, which lets no file import in a
//! circle either. `engine` knows no HTTP, `api` no envelopes of the host, the backends no task. `startup`
//! knows all parts and how none of them works; `Engine::new` puts the engine together.
//!
//! `handler` is the service for a `main` of anybody's. `kinds` is the work that comes with it, and that of
//! an operator's file, done by a command or behind a URL, written against the crate `work` as anybody's
//! is. `commands` is what `handler` does without serving, and `functions` the folders of the Functions
//! host, made from the tables of `api` and `triggers`. Beside them: `logging` writes what all of them log,
//! `panics` tells it of their defects, `origins` says which pages may call, `surfaces`
//! which kinds do what names none, `rules` what is done about dead letters, and `tls` what clients encrypt with.
//! `testing` starts the service for the tests of kinds of one's own.
//!
//! # The two data flows
//!
//! ```text
//! submit   POST /api/tasks -> api::tasks -> Tasks::submit
//!            -> TaskStore.write(create record: queued, send message)
//!          <- 202
//!          (on a shared account, with a free slot: the message is held and begun here, triggers::early)
//!
//! work     hosted:     host -> POST /queue_worker -> triggers::queue_worker ─┐
//!          standalone: triggers::standalone (Consumer.receive) ──────────────┤
//!                                                                            ▼
//!          Worker::run(Delivery) -> kind -> TaskStore.write(replace record, settle message) -> Outcome
//! ```
//!
//! # Words
//!
//! The vocabulary is Azure's: task, record, message, delivery, attempt, dequeue count, visibility
//! timeout, poison queue, sweep. **R0** is the small Python sample for Azure Functions whose HTTP
//! API, queue messages and blobs this service understands, and **R1** an API over a raw Storage queue, which
//! is here in `api::raw_queue`; see `docs/compatibility.md`.

#[doc(hidden)]
pub mod api;
mod commands;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod functions;
mod handler;
#[doc(hidden)]
pub mod kinds;
#[doc(hidden)]
pub mod logging;
mod origins;
#[doc(hidden)]
pub mod panics;
#[doc(hidden)]
pub mod rules;
#[doc(hidden)]
pub mod startup;
#[doc(hidden)]
pub mod surfaces;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
#[doc(hidden)]
pub mod triggers;

pub use handler::Handler;
#[doc(no_inline)]
pub use work::schemars;
#[doc(inline)]
pub use work::{
    BackOff, BlockingFiles, BlockingKind, Callback, Context, ErrorCode, Failure, FileError, Files,
    InvalidCode, InvalidInput, InvalidName, InvalidPolicy, Kind, KindName, Policy, SubmitFailed,
    WithoutSchema,
};

/// Workflows: work that is made of steps, and outlives the process that begins it. A [`Workflow`] is added
/// with [`Handler::workflow`]; `docs/workflows.md` tells how to write one.
///
/// [`Workflow`]: workflow::Workflow
pub mod workflow {
    #[doc(inline)]
    pub use work::any::Versions;
    #[doc(inline)]
    pub use work::workflow::{
        All, Call, Callee, Either, Event, Flow, MAX_MEMBERS, OrFirstFailure, Retry, Sleep,
        StepError, Workflow, callee, join_all, select, test,
    };
}

/// The guide to kinds in Rust, whose examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/kinds/rust.md")]
struct Guide;
