//! `GET /api/openapi.json`: the description of this API (OpenAPI 3.1). And
//! `GET /api/openapi-3.0.json`, the same for readers that know no other.

use std::fmt;
use std::sync::{Arc, LazyLock};

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use crate::api::edge::problem::Problem;
use crate::api::openapi::Description;

/// Where the description is, which is made when it is first asked for: application data, the same on all
/// threads.
#[derive(Clone)]
pub struct Served(Arc<Made>);

type Made = LazyLock<Description, Box<dyn FnOnce() -> Description + Send>>;

impl Served {
    /// A description that is made like this.
    pub(in crate::api) fn new(make: impl FnOnce() -> Description + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

/// In OpenAPI 3.1.
pub(in crate::api) async fn openapi(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(described(of(&request)?.v3_1.clone()))
}

/// In the version before.
pub(in crate::api) async fn openapi_3_0(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Ok(described(of(&request)?.v3_0.clone()))
}

fn of(request: &HttpRequest) -> Result<&Description, Problem> {
    let served = request.app_data::<Served>();
    let Served(description) =
        served.ok_or_else(|| Problem::internal(&"the server has no description"))?;
    Ok(description)
}

fn described(document: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(document)
}
