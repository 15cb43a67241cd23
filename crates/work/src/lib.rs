//! What a kind of work is written against.

mod callback;
mod code;
mod failure;
mod follow_up;
mod input;
mod name;

pub use callback::Callback;
pub use code::{ErrorCode, InvalidCode};
pub use failure::{Failure, Told};
pub use follow_up::{BoxFuture, FollowUp, SubmitFailed, Submitter};
pub use input::InvalidInput;
pub use name::{InvalidName, KindName};
