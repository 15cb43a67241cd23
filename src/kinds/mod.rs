//! Kinds of work that are not written in Rust.

mod schemas;

pub use schemas::{InvalidSchema, Schemas};
