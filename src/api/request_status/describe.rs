//! The two endpoints of Microsoft's sample, described.

use serde_json::json;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBody;

use crate::api::openapi::TASKS;
use crate::api::openapi::parameters::{
    idempotency_key, prefer_wait, query_text, repeatability, task_id, traceparent,
};
use crate::api::openapi::requests::request;
use crate::api::openapi::responses::{json, problems, text, with_headers};
use crate::api::openapi::schemas::result_example;

/// `GET /api/requeststatus/{id}`
pub(in crate::api) fn status() -> OperationBuilder {
    let given = json(
        "The result, as its kind gives it; or, with `OnPending=OK`, that there is none yet: `{\"status\": \"In \
         progress\", \"Location\"}`.",
        "Result",
        result_example(),
    );
    let led = ResponseBuilder::new().description(
        "The result is at `Location`, where anybody can read it for ten minutes: in the storage account.",
    );
    let operation = OperationBuilder::new()
        .tag(TASKS)
        .summary(Some("Ask after a task, as Microsoft's sample does"))
        .description(Some(
            "`/api/RequestStatus/{id}` of the sample `async-request-reply`. Asking consumes nothing. Where storage \
             can give no link, the result comes as with `OnComplete=Stream`.",
        ))
        .parameter(task_id("id"))
        .parameter(on_complete())
        .parameter(on_pending())
        .parameter(prefer_wait())
        .response("200", with_headers(given, &["Cache-Control"]).build())
        .response(
            "302",
            with_headers(led, &["Location", "Cache-Control"]).build(),
        );
    problems(
        operation,
        &["400", "404", "410", "424", "429", "500", "503"],
    )
}

fn on_complete() -> Parameter {
    query_text(
        "OnComplete",
        "What to do with a result: `Redirect`, unless it is said, leads to it, `Stream` gives it.",
    )
}

fn on_pending() -> Parameter {
    query_text(
        "OnPending",
        "What to do without one: `OK`, unless it is said, tells so, `Synchronous` waits for it, and is a 404 when \
         it has not come.",
    )
}

/// `POST /api/asyncprocessingworkacceptor`
pub(in crate::api) fn accept() -> OperationBuilder {
    let accepted = text("Accepted, and where to ask after it.", "text/plain");
    let accepted = with_headers(
        accepted,
        &[
            "Location",
            "Operation-Location",
            "Operation-Id",
            "Retry-After",
            "Cache-Control",
            "Repeatability-Result",
        ],
    );
    let [repeatable_id, first_sent] = repeatability();
    let operation = OperationBuilder::new()
        .tag(TASKS)
        .summary(Some("Submit a customer, as Microsoft's sample does"))
        .description(Some(
            "Becomes a task of the kind that the operator's `ACCEPTOR_KIND` names (`process-data` unless it is set), \
             whose input is the body.",
        ))
        .parameter(idempotency_key())
        .parameter(repeatable_id)
        .parameter(first_sent)
        .parameter(traceparent())
        .request_body(Some(body()))
        .response("202", accepted.build());
    problems(
        operation,
        &[
            "400", "401", "408", "409", "412", "413", "415", "422", "429", "500", "503",
        ],
    )
}

fn body() -> RequestBody {
    let customer = json!({ "id": "1234", "customername": "Contoso" });
    request("Customer", [("customer", "A customer", customer)])
}
