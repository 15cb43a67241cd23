//! `GET /api/openapi.json`: the description of this API (OpenAPI 3.1). And
//! `GET /api/openapi-3.0.json`, the same for readers that know no other.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse};

use crate::api::edge::problem::Problem;
use crate::api::openapi::Description;

/// Where the description is, which is made when it is first asked for: application data.
#[derive(Clone, Copy)]
pub(in crate::api) struct Served(pub(in crate::api) fn() -> &'static Description);

/// In OpenAPI 3.1.
pub(in crate::api) async fn openapi(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(described(&of(&request)?.v3_1))
}

/// In the version before.
pub(in crate::api) async fn openapi_3_0(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(described(&of(&request)?.v3_0))
}

fn of(request: &HttpRequest) -> Result<&'static Description, Problem> {
    let served = request.app_data::<Served>();
    let Served(description) =
        served.ok_or_else(|| Problem::internal(&"the server has no description"))?;
    Ok(description())
}

fn described(document: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(document)
}
