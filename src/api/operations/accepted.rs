//! 202 for work that was taken in: whatever a client polls by, it finds here.

use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::api::edge::base_url::base_url;
use crate::api::edge::headers::{OPERATION_ID, OPERATION_LOCATION};
use crate::api::edge::state::Api;
use engine::TaskId;

/// The head of the reply. `Operation-Location` is the monitor, `Location` the result, which is 202 in
/// its turn until there is one.
pub(in crate::api) fn accepted(
    request: &HttpRequest,
    api: &Api,
    id: TaskId,
    retry_after: u64,
) -> HttpResponseBuilder {
    let base = base_url(request, api.public_base_url.as_deref());
    let monitor = [&base, "/api/operations/", &id.text()].concat();
    let mut reply = HttpResponse::Accepted();
    reply
        .insert_header((LOCATION, [&monitor, "/result"].concat()))
        .insert_header((OPERATION_LOCATION, monitor))
        .insert_header((OPERATION_ID, id.to_string()))
        .insert_header((RETRY_AFTER, retry_after));
    reply
}
