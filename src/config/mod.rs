//! The process's settings.
mod account;
mod secret;
pub use account::{Account, Credential};
pub use secret::Secret;
