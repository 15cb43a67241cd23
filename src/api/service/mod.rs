//! The routes about the service itself: health, metrics, the description and the page that shows it.

pub(in crate::api) mod describe;
pub(in crate::api) mod description;
pub(in crate::api) mod docs;
pub(in crate::api) mod health;
pub(in crate::api) mod metrics;
