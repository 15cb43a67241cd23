//! The status in the words of Celery, described.

use serde_json::{Value, json};
use utoipa::openapi::path::OperationBuilder;

use crate::api::openapi::TASKS;
use crate::api::openapi::parameters::task_id;
use crate::api::openapi::responses::{json, problems, with_headers};
use crate::api::openapi::values::EXAMPLE_ID;

/// `GET /api/status/{task_id}`
pub(in crate::api) fn status() -> OperationBuilder {
    let result = "Processed data: {'key1': 'value1', 'key2': 'value2'}";
    let found = json(
        "How far the task is. `Retry-After` while it has not ended.",
        SCHEMA,
        example("SUCCESS", result.into()),
    );
    let unknown = json(
        "There is no such task, or not any more. With `STATUS_OF_UNKNOWN=pending` this is a 200.",
        SCHEMA,
        example("PENDING", Value::Null),
    );
    let operation = OperationBuilder::new()
        .tag(TASKS)
        .summary(Some("Look at a task, in the words of Celery"))
        .description(Some(
            "Of every task, whichever way it was submitted: `PENDING`, `STARTED`, `RETRY`, `SUCCESS`, `FAILURE` or \
             `REVOKED`. Looking consumes nothing.",
        ))
        .parameter(task_id("task_id"))
        .response(
            "200",
            with_headers(found, &["Cache-Control", "Retry-After"]).build(),
        )
        .response("404", with_headers(unknown, &["Cache-Control"]).build());
    problems(operation, &["500", "503"])
}

const SCHEMA: &str = "TaskState";

fn example(status: &str, result: Value) -> Value {
    json!({ "task_id": EXAMPLE_ID, "status": status, "result": result })
}
