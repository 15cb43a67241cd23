//! The instance that a client means.

use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use engine::Versioned;

/// The instance that a client calls so.
pub(super) async fn found(api: &Api, name: &str) -> Result<Versioned, Problem> {
    api.workflows.named(name).await?.ok_or_else(unknown)
}

/// There is none.
pub(super) fn unknown() -> Problem {
    Problem::not_found("there is no such instance, or not any more")
}
