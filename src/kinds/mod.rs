//! Kinds of work that are not written in Rust: told in a [file](file), and done by a [`command`].

pub mod command;
pub mod file;
mod schemas;

pub use schemas::{InvalidSchema, Schemas};
