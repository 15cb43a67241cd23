//! `GET /api/health`: whether this service can do its work now. And `/`, which says only that the
//! process is there.

use actix_web::http::header::{ACCEPT, LOCATION, VARY};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;

/// The body of a healthy reply.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Health {
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
pub(in crate::api) async fn health(api: Api) -> Result<HttpResponse, Problem> {
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
///
/// A browser is led to the page on which a person can try the API.
pub(in crate::api) async fn alive(request: HttpRequest) -> HttpResponse {
    if takes_html(&request) {
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, "api/docs"))
            .insert_header((VARY, ACCEPT.as_str()))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header((VARY, ACCEPT.as_str()))
        .content_type("text/plain; charset=utf-8")
        .body(concat!(
            "async-request-reply ",
            env!("CARGO_PKG_VERSION"),
            ": POST /api/tasks\n"
        ))
}

/// Browsers name it; programs take anything, or do not say.
fn takes_html(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(ACCEPT);
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|range| range.trim().eq_ignore_ascii_case("text/html"))
}
