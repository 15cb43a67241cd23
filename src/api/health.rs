//! `GET /api/health`: whether this service can do its work now. And `/`, which says only that the
//! process is there.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::state::Api;

/// The body of a healthy reply.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
    /// Who listens to the outside: `standalone` or `hosted`.
    mode: &'static str,
    /// Where tasks are kept.
    storage: &'static str,
    /// The version of the service.
    version: &'static str,
}

/// 200 when storage answers, 503 otherwise, and once the process is told to stop.
pub(super) async fn health(api: Api) -> Result<HttpResponse, Problem> {
    if api.tasks.is_stopping() {
        return Err(Problem::stopping());
    }
    api.tasks
        .check_storage()
        .await
        .map_err(|error| Problem::storage(&error))?;
    Ok(HttpResponse::Ok().json(Health {
        status: "ok",
        mode: api.mode,
        storage: api.storage,
        version: env!("CARGO_PKG_VERSION"),
    }))
}

/// The Functions host asks here every 25 ms until the process is ready, and later whether it is
/// alive; so this touches nothing.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body(concat!(
            "async-request-reply ",
            env!("CARGO_PKG_VERSION"),
            ": POST /api/tasks\n"
        ))
}
