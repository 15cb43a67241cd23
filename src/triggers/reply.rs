//! How the host is answered.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// Success: the host deletes the message. The body must be a JSON object and never empty: the host
/// would wait for one until the function's timeout, and then kill this process.
pub(super) fn succeeded(log: String) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "Outputs": {}, "Logs": [log] }))
}

/// Failure: the host releases the message, or poisons it. It reads no body of such an answer, so
/// the reason is in our log already; it is sent for people with curl.
pub(super) fn failed(status: StatusCode, reason: &str) -> HttpResponse {
    HttpResponse::build(status).json(serde_json::json!({ "error": reason }))
}
