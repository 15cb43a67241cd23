//! Tasks that work hands in: what comes after it, or parts of it.

use std::error::Error;
use std::pin::Pin;

use serde_json::value::RawValue;

use crate::InvalidInput;

/// A future on the heap, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A task that an attempt hands in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FollowUp {
    /// The id of the task whose attempt hands it in.
    pub parent: String,
    /// Which submission of the attempt it is, from 0. With [`parent`](Self::parent) it stands for the
    /// same task in every attempt.
    pub ordinal: u32,
    /// The name of its kind, as the work gave it.
    pub kind: String,
    /// Its input.
    pub input: Box<RawValue>,
    /// The trace context of the attempt (W3C), for its task to go on with.
    pub traceparent: Option<String>,
}

/// Takes in the tasks that work hands in: the engine.
pub trait Submitter: Send + Sync {
    /// Accepts the task, or finds the one that was accepted before with the same parent and ordinal. Gives
    /// its id.
    ///
    /// The future may be polled on a thread that blocks, so what needs a runtime uses a handle of its own.
    fn submit(&self, follow_up: FollowUp) -> BoxFuture<'static, Result<String, SubmitFailed>>;
}

/// Why a task could not be handed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitFailed {
    /// Nobody registered its kind.
    #[error("no kind of work is named {0:?}")]
    UnknownKind(String),
    /// Its kind does not take its input, or the input is not JSON.
    #[error("the input of the task that was handed in is invalid")]
    InvalidInput(#[source] InvalidInput),
    /// It cannot be accepted now; later it may be.
    #[error("no task can be handed in now")]
    Unavailable(#[source] Option<Box<dyn Error + Send + Sync>>),
    /// Other work would stand still meanwhile: async work awaits
    /// [`submit`](crate::Context::submit), and quick work does without.
    #[error("work that must not block cannot wait for a task to be handed in")]
    MustNotBlock,
}
