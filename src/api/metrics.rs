//! `GET /api/metrics` (key): this process's counters for Prometheus.

use actix_web::HttpResponse;

use super::keys::Keyed;
use super::problem::Problem;
use super::state::Api;

/// The counters, and the queue's length as storage tells it.
pub(super) async fn metrics(_: Keyed, api: Api) -> Result<HttpResponse, Problem> {
    let text = api
        .tasks
        .metrics()
        .await
        .map_err(|error| Problem::storage(&error))?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text))
}
