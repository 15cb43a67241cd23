//! Kinds of work that are not written in Rust: done by a [`command`].

pub mod command;

mod schemas;

pub use schemas::{InvalidSchema, Schemas};
