//! Async request-reply for Azure Functions.

pub mod backends;
pub mod config;
pub mod ports;
