//! HTTP in, HTTP out: the routes that clients see, in both modes.
//!
//! A handler parses into domain types, makes one domain call and renders. It knows nothing of the
//! Functions host's envelopes, of storage or of the environment.
//!
//! `edge` holds for every request and knows no resource; each resource has a folder of its own;
//! `routes` is the one table, and knows them all.

mod callbacks;
mod dead_letters;
mod durable;
mod edge;
mod enqueue;
mod kinds;
mod openapi;
mod operations;
mod raw_queue;
mod request_status;
mod routes;
mod service;
mod status;
mod tasks;

pub(crate) use edge::edge;
pub use edge::keys::Protection;
pub use edge::memory::Memory;
pub use edge::problem::code_rows;
pub use edge::requests::Requests;
pub use edge::route::Route;
pub use edge::state::{Access, Api, Browsers, Keys, OwnQueue};
pub use routes::{ALIVE, ROUTES, configure, description, requests, rows};
pub use service::description::Served;
