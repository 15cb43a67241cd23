//! The callback, described.

use serde_json::json;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::RequestBody;

use crate::api::openapi::OPERATIONS;
use crate::api::openapi::parameters::{callback_token, task_id};
use crate::api::openapi::requests::request;
use crate::api::openapi::responses::problems;

/// `POST /api/callbacks/{id}`
pub(in crate::api) fn report() -> OperationBuilder {
    let taken = ResponseBuilder::new().description("The report counts.");
    let operation = OperationBuilder::new()
        .tag(OPERATIONS)
        .summary(Some("Report on an attempt"))
        .description(Some(
            "For whoever goes on with an attempt of a task: the service gave them this URL, with its \
             token, in `Task-Callback`. 409 when the attempt is over and the task goes on without it, 410 \
             when the task has ended, 503 with `NotHandedOver` when another attempt is asked for before this \
             one was handed over.",
        ))
        .parameter(task_id("id"))
        .parameter(callback_token())
        .request_body(Some(body()))
        .response("200", taken.build());
    problems(
        operation,
        &[
            "400", "401", "404", "408", "409", "410", "413", "415", "422", "500", "503",
        ],
    )
}

fn body() -> RequestBody {
    let error = json!({ "code": "NoGpu", "message": "all are busy" });
    let examples = [
        (
            "succeeded",
            "The result",
            json!({ "status": "Succeeded", "result": { "text": "street" } }),
        ),
        (
            "failed",
            "A failure that may pass",
            json!({ "status": "Failed", "error": error, "retry": true }),
        ),
        (
            "progress",
            "How far it has come",
            json!({ "percentComplete": 40 }),
        ),
    ];
    request("Report", examples)
}
