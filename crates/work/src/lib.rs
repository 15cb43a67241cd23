//! What a kind of work is written against.

mod callback;
mod code;
mod context;
mod failure;
mod follow_up;
mod input;
mod name;
mod wait;

pub use tokio_util::sync::CancellationToken;

pub use callback::Callback;
pub use code::{ErrorCode, InvalidCode};
pub use context::{Context, ContextParts};
pub use failure::{Failure, Told};
pub use follow_up::{BoxFuture, FollowUp, SubmitFailed, Submitter};
pub use input::InvalidInput;
pub use name::{InvalidName, KindName};
