//! What a kind of work is written against.
//!
//! Authors depend on `async-request-reply`, which passes all of this on and runs it; a library of kinds may depend on this
//! crate alone, whose name is `async-request-reply-work`. Read [`Kind`] or [`BlockingKind`] first, then [`Failure`],
//! [`Policy`] and [`Context`].
//!
//! An author writes a [`Kind`] (async) or a [`BlockingKind`] (computes, blocks), and registers it under a
//! name with a [`Policy`]. What is made of such work is a [`Workflow`](workflow::Workflow). The engine knows
//! no types: [`any`] turns each into what it runs.
//!
//! ```text
//! Kind ──────────▶ any::of ──────────┐
//! BlockingKind ──▶ any::of_blocking ─┼▶ Arc<dyn AnyKind> ──▶ Kinds ◀── the engine
//! Workflow ──────▶ any::of_workflow ─┘
//! ```
//!
//! One attempt gets its input and a [`Context`]; it gives its result or a [`Failure`]. There is no HTTP
//! and no storage here: what a [`Context`] reaches outside, the engine gives it as a trait. [`any`], [`Kinds`],
//! [`ContextParts`], [`Told`] and [`Submitter`] are for the engine, and for tests that need something special.
//!
//! ```
//! use work::{BlockingKind, Context, Failure, Kinds, Policy, any};
//!
//! struct Length;
//!
//! impl BlockingKind for Length {
//!     type Input = String;
//!     type Output = usize;
//!
//!     fn run(&self, input: String, _: &Context) -> Result<usize, Failure> {
//!         Ok(input.len())
//!     }
//! }
//!
//! let kinds = Kinds::default()
//!     .with("length", any::of_blocking(Length), Policy::default().pure())
//!     .checked()?;
//! assert_eq!(kinds.names_for_people(), "length");
//! # Ok::<(), work::KindRefused>(())
//! ```
//!
//! Inputs and results have a JSON Schema, by `schemars`. It is passed on as [`schemars`], so that an author
//! needs no version of their own: `#[schemars(crate = "work::schemars")]` beside the `derive`. A type
//! that has none goes into a [`WithoutSchema`].

pub mod any;
mod callback;
mod code;
mod context;
mod failure;
mod files;
mod follow_up;
mod input;
mod kind;
mod name;
mod policy;
mod registry;
mod schema;
mod wait;
pub mod workflow;

pub use schemars;
pub use tokio_util::sync::CancellationToken;

pub use callback::Callback;
pub use code::{ErrorCode, InvalidCode};
pub use context::{BlockingFiles, Context, ContextParts, Files};
pub use failure::{Failure, MAX_SENTENCE, Told, sentence};
pub use files::{FileError, FileStore, MAX_FILE_BYTES, MemoryFiles, is_file_name};
pub use follow_up::{BoxFuture, FollowUp, SubmitFailed, Submitter};
pub use input::InvalidInput;
pub use kind::{BlockingKind, Kind};
pub use name::{InvalidName, KindName};
pub use policy::{BackOff, InvalidPolicy, Policy};
pub use registry::{KindRefused, Kinds, Registered};
pub use schema::WithoutSchema;
