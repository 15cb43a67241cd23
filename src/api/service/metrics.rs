//! `GET /api/metrics` (key): this process's counters for Prometheus.

use actix_web::HttpResponse;

use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use crate::logging::dropped_lines;
use engine::prometheus::Exposition;

/// The counters, and the queue's length as storage tells it.
pub(in crate::api) async fn metrics(api: Api) -> Result<HttpResponse, Problem> {
    let tasks = api.tasks.metrics().await;
    let tasks = tasks.map_err(|error| Problem::storage(&error))?;
    let mut text = Exposition::default();
    api.requests.write(&mut text);
    text.single(
        "log_lines_dropped_total",
        "counter",
        "Lines of the log that were dropped, because nobody read them.",
        dropped_lines(),
    );
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(tasks + &text.into_text()))
}
