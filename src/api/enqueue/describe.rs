//! Enqueueing, described.

use serde_json::json;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{ContentBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};

use crate::api::openapi::TASKS;
use crate::api::openapi::parameters::{idempotency_key, repeatability, traceparent};
use crate::api::openapi::requests::request;
use crate::api::openapi::responses::{json, problems, with_headers};
use crate::api::openapi::values::EXAMPLE_ID;

/// `POST /api/enqueue`
pub(in crate::api) fn enqueue() -> OperationBuilder {
    let enqueued = json(
        "Accepted. `GET /api/status/{task_id}` tells of the task, and so does its monitor.",
        "EnqueuedTask",
        json!({ "task_id": EXAMPLE_ID }),
    );
    let enqueued = with_headers(enqueued, &["Cache-Control", "Repeatability-Result"]);
    let [repeatable_id, first_sent] = repeatability();
    let operation = OperationBuilder::new()
        .tag(TASKS)
        .summary(Some("Enqueue a body"))
        .description(Some(
            "A JSON object becomes a task of the kind that the operator's `ENQUEUE_KIND` names (`process-data` unless \
             it is set). Text, and content of any other type, becomes one of the kind that \
             `ENQUEUE_TEXT_KIND` names, and is a 415 without it: its input is `{\"text\", \"contentType\"}`, \
             or `{\"base64\", \"contentType\"}` when it is no text in UTF-8 or ISO-8859-1.",
        ))
        .parameter(idempotency_key())
        .parameter(repeatable_id)
        .parameter(first_sent)
        .parameter(traceparent())
        .request_body(Some(body()))
        .response("200", enqueued.build());
    problems(
        operation,
        &[
            "400", "401", "408", "409", "412", "413", "415", "422", "429", "500", "503",
        ],
    )
}

fn body() -> RequestBody {
    let data = json!({ "key1": "value1", "key2": "value2" });
    let mut body = request("Data", [("data", "Any object", data)]);
    // Any other type is taken as well; generators of clients know this one.
    let bytes = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
    let content = ContentBuilder::new().schema(Some(bytes)).build();
    let any = "application/octet-stream".to_owned();
    body.content.insert(any, content.into());
    body
}
