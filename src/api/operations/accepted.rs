//! 202 for work that was taken in: whatever a client polls by, it finds here. And what a client gets to poll
//! by that may have been.

use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::api::edge::base_url::base_url;
use crate::api::edge::headers::{OPERATION_ID, OPERATION_LOCATION};
use crate::api::edge::problem::Problem;
use crate::api::edge::state::Api;
use engine::TaskId;
use ports::StorageError;

/// The head of the reply. `Operation-Location` is the monitor, `Location` the result, which is 202 in
/// its turn until there is one.
pub(in crate::api) fn accepted(
    request: &HttpRequest,
    api: &Api,
    id: TaskId,
    retry_after: u64,
) -> HttpResponseBuilder {
    let monitor = monitor_url(request, api, id);
    let mut reply = HttpResponse::Accepted();
    reply
        .insert_header((LOCATION, [&monitor, "/result"].concat()))
        .insert_header((OPERATION_LOCATION, monitor))
        .insert_header((OPERATION_ID, id.to_string()))
        .insert_header((RETRY_AFTER, retry_after));
    reply
}

/// The problem of a submission of which nobody knows whether it is accepted, as this task.
pub(in crate::api) fn maybe_accepted(
    request: &HttpRequest,
    api: &Api,
    id: TaskId,
    cause: &StorageError,
) -> Problem {
    Problem::outcome_unknown(cause).operation(&id.text(), &monitor_url(request, api, id))
}

/// Where the monitor of a task is.
pub(in crate::api) fn monitor_url(request: &HttpRequest, api: &Api, id: TaskId) -> String {
    let base = base_url(request, api.public_base_url.as_deref());
    [&base, "/api/operations/", &id.text()].concat()
}
