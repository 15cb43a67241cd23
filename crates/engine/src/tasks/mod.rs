//! What clients ask for: submit, look, wait, consume, cancel, delete, retry, list.

pub(crate) mod idempotency;
pub(crate) mod listing;
pub(crate) mod operations;
pub(crate) mod service;
