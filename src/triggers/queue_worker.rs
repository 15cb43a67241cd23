//! `POST /queue_worker`, and `POST /queue_worker_<queue>` for a further queue: the host has received a
//! message and hands it over.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::envelope::Invocation;
use super::reply::{failed, succeeded};
use engine::Consumer;

/// Runs one attempt. The status is the acknowledgement: 2xx deletes the message, anything else
/// releases it, and at the maximum dequeue count poisons it.
pub(super) async fn invoke(
    request: HttpRequest,
    consumer: Data<Consumer>,
    body: Result<Bytes, actix_web::Error>,
) -> HttpResponse {
    let invocation_id = request
        .headers()
        .get("x-azure-functions-invocationid")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            log::error!(invocation_id; "invocation refused: {error}");
            let status = error.as_response_error().status_code();
            return failed(status, "the invocation cannot be read");
        }
    };
    let delivery = match Invocation::parse(&body) {
        Ok(invocation) => invocation.delivery().map_err(|error| error.to_string()),
        Err(error) => Err(engine::json::describe(&error)),
    };
    let delivery = match delivery {
        Ok(delivery) => delivery,
        Err(reason) => {
            log::error!(invocation_id; "invocation refused: {reason}");
            return failed(StatusCode::BAD_REQUEST, &reason);
        }
    };
    let outcome = consumer.run(&delivery).await;
    match consumer.settle_for_host(&delivery, outcome).await {
        Ok(()) => succeeded("done".to_owned()),
        Err(reason) => {
            let reason = reason.to_string();
            log::warn!(invocation_id, attempt = delivery.dequeue_count; "invocation failed: {reason}");
            failed(StatusCode::INTERNAL_SERVER_ERROR, &reason)
        }
    }
}
