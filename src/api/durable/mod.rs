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
//! | `uris` | where everything about an instance is |
//! | `asked` | the query |
//! | `view`, `events` | what clients see |

mod access;
mod asked;
mod control;
pub(in crate::api) mod describe;
mod events;
mod ids;
mod many;
pub(in crate::api) mod schemas;
mod start;
mod status;
mod uris;
pub(in crate::api) mod view;

pub(in crate::api) use control::{raise, restart, resume, rewind, suspend, terminate};
pub(in crate::api) use many::{Purged, list, purge, purge_all};
pub(in crate::api) use start::{start, start_named};
pub(in crate::api) use status::status;
pub(in crate::api) use uris::Uris;

use self::ids::shown;
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use engine::Versioned;

/// The instance that a client means, if the request may ask about it.
async fn found(api: &Api, name: &str) -> Result<Versioned, Problem> {
    api.workflows.named(name).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("there is no such instance, or not any more")
}
