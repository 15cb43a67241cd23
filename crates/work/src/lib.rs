//! What a kind of work is written against.

mod name;

pub use name::{InvalidName, KindName};
