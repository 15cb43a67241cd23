//! The outermost of what is ours: what holds for every request and every reply.

pub(in crate::api) mod base_url;
pub(in crate::api) mod body;
pub(in crate::api) mod conditions;
pub(in crate::api) mod continuation;
pub(in crate::api) mod cors;
pub(in crate::api) mod headers;
pub(in crate::api) mod keys;
pub(in crate::api) mod media_type;
pub(in crate::api) mod memory;
mod origin;
mod paced;
pub(in crate::api) mod paths;
pub(in crate::api) mod preferences;
pub(in crate::api) mod problem;
pub(in crate::api) mod query;
mod rendering;
pub(in crate::api) mod requests;
pub(in crate::api) mod route;
pub(in crate::api) mod state;

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::Next;

use ports::budget;

use self::headers::NO_STORE;
use self::state::Api;

/// Routes a path as the host would, gives storage its time, writes the document of a failure, lets nobody keep a reply that does
/// not say it may be kept, and counts it.
pub(crate) async fn edge(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    paths::normalise(&mut request);
    let budget = request_budget(&request);
    let mut reply = budget::within(budget, rendering::render(request, next)).await?;
    let headers = reply.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
    cors::grant(&mut reply);
    if let Some(api) = reply.request().app_data::<Api>() {
        api.requests.count(&reply);
    }
    Ok(reply)
}

/// How long storage may take for this request; `None` for what the host starts in the background.
fn request_budget(request: &ServiceRequest) -> Option<Duration> {
    let api = request.app_data::<Api>()?;
    let path = request.path();
    let is_ours = path.starts_with("/api/") || path.starts_with("/runtime/");
    is_ours.then_some(api.request_budget)
}
