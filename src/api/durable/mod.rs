//! Durable Functions' HTTP API over the instances of workflows: what its clients start, look at and steer by the
//! URIs that a start answers. An instance is a task, so all this is a view on tasks.
//!
//! | File | What it is about |
//! |---|---|
//! | `start` | beginning an instance, and waiting for it |
//! | `status` | how an instance is, and its history |
//! | `control` | events, terminate, suspend, resume, rewind, restart |
//! | `many` | listing, and deleting one or many |
//! | `access` | who may do it |
//! | `ids` | what clients call instances and functions |
//! | `found` | the instance that is meant |
//! | `uris` | where everything about an instance is |
//! | `asked` | the query |
//! | `view`, `events`, `words` | what clients see |
//! | `routes` | the rows of the table |

mod access;
mod asked;
mod control;
mod describe;
mod events;
mod found;
mod ids;
mod many;
mod routes;
pub(in crate::api) mod schemas;
mod start;
mod status;
mod uris;
pub(in crate::api) mod view;
mod words;

pub(in crate::api) use many::Purged;
pub(in crate::api) use routes::routes;
pub(in crate::api) use uris::Uris;
