//! What a kind of work is written against.

pub mod any;
mod callback;
mod code;
mod context;
mod failure;
mod follow_up;
mod input;
mod kind;
mod name;
mod policy;
mod schema;
mod wait;

pub use schemars;
pub use tokio_util::sync::CancellationToken;

pub use callback::Callback;
pub use code::{ErrorCode, InvalidCode};
pub use context::{Context, ContextParts};
pub use failure::{Failure, Told};
pub use follow_up::{BoxFuture, FollowUp, SubmitFailed, Submitter};
pub use input::InvalidInput;
pub use kind::{BlockingKind, Kind};
pub use name::{InvalidName, KindName};
pub use policy::{BackOff, InvalidPolicy, Policy};
pub use schema::WithoutSchema;
