//! What a kind of work is written against.

mod code;
mod failure;
mod name;

pub use code::{ErrorCode, InvalidCode};
pub use failure::{Failure, Told};
pub use name::{InvalidName, KindName};
