//! What clients ask for: submit, look, wait, consume, cancel, delete, retry, list.

mod accepting;
pub(crate) mod anew;
pub(crate) mod callbacks;
pub(crate) mod consume;
pub(crate) mod dead_letters;
pub(crate) mod follow_ups;
pub(crate) mod glimpse;
pub(crate) mod health;
pub(crate) mod idempotency;
pub(crate) mod kinds;
pub(crate) mod links;
pub(crate) mod listing;
pub(crate) mod many;
mod many_keyed;
pub(crate) mod new_round;
pub(crate) mod notices;
pub(crate) mod operate;
pub(crate) mod service;
pub(crate) mod submit;
pub(crate) mod wait;
