//! The operations on a task that was submitted, described.

use serde_json::json;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};

use super::OPERATIONS;
use super::parameters::{if_none_match, listing, task_id};
use super::responses::{json, problems, with_headers};
use super::schemas::{monitor_example, result_example};
use crate::tasks::TaskStatus;

/// `GET /api/operations`
pub(in crate::api) fn list() -> OperationBuilder {
    let mut listed = monitor_example(TaskStatus::Succeeded);
    listed.as_object_mut().map(|listed| listed.remove("result"));
    let page = json(
        "A page of monitors without their results; the messages of errors may be cut. `nextLink` when \
         there may be more: go on until there is none, also after a page that is short or empty.",
        "TaskList",
        json!({
            "value": [listed],
            "nextLink": "http://localhost:7071/api/operations?continuationToken=eyJiZWZvcmUiOiIifQ"
        }),
    );
    let operation = described("List tasks, newest first")
        .description(Some(
            "The embedded store has indexes for this. Azure Storage lists by name alone, so there a \
             filter by status or kind looks through the tasks of all, in a bounded number of calls for \
             each page, and a page may hold none that match although there are some: its `nextLink` \
             leads on. `createdAfter` bounds what is looked through. Tasks whose ids are no UUIDv7 are \
             listed from the embedded store only.",
        ))
        .response("200", no_store(page));
    let operation = listing()
        .into_iter()
        .fold(operation, OperationBuilder::parameter);
    problems(operation, &["400", "401", "422", "500", "503"])
}

/// `GET /api/operations/{id}`
pub(in crate::api) fn monitor() -> OperationBuilder {
    let headers = ["Cache-Control", "ETag", "Retry-After"];
    let monitor = json(
        "The status of the task. `Retry-After` while it has not ended.",
        "Monitor",
        monitor_example(TaskStatus::Succeeded),
    );
    let known = ResponseBuilder::new().description("The client has this version of the monitor.");
    let operation = described("Watch a task")
        .parameter(task_id("id"))
        .parameter(if_none_match())
        .response("200", with_headers(monitor, &headers).build())
        .response("304", with_headers(known, &headers).build());
    problems(operation, &["404", "500", "503"])
}

/// `GET /api/operations/{id}/result`
pub(in crate::api) fn result() -> OperationBuilder {
    let result = json(
        "The result; it stays, however often it is read.",
        "Result",
        result_example(),
    );
    let operation = described("Read a result")
        .parameter(task_id("id"))
        .response("200", no_store(result))
        .response(
            "202",
            accepted("The task has not ended.", TaskStatus::Running),
        );
    problems(operation, &["404", "410", "424", "500", "503"])
}

/// `POST /api/operations/{id}:cancel`
pub(in crate::api) fn cancel() -> OperationBuilder {
    let monitor = json(
        "The monitor. A task that had ended before stays as it is.",
        "Monitor",
        monitor_example(TaskStatus::Canceled),
    );
    let operation = described("Cancel a task")
        .parameter(task_id("id"))
        .response("200", no_store(monitor));
    problems(operation, &["404", "500", "503"])
}

/// `DELETE /api/operations/{id}`
pub(in crate::api) fn delete() -> OperationBuilder {
    let operation = described("Delete a task that has ended")
        .parameter(task_id("id"))
        .response("204", Response::new("The record is deleted."));
    problems(operation, &["404", "409", "500", "503"])
}

/// `POST /api/operations/{id}:retry`
pub(in crate::api) fn retry() -> OperationBuilder {
    let operation = described("Run a failed task again")
        .description(Some(
            "It keeps its id, and its attempts are counted on. Other tasks are a conflict.",
        ))
        .parameter(task_id("id"))
        .response(
            "202",
            accepted("The task is queued again.", TaskStatus::Queued),
        );
    problems(operation, &["401", "404", "409", "500", "503"])
}

fn described(summary: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(OPERATIONS)
        .summary(Some(summary))
}

fn accepted(description: &str, status: TaskStatus) -> Response {
    let reply = json(description, "Monitor", monitor_example(status));
    with_headers(reply, &["Location", "Retry-After", "Cache-Control"]).build()
}

fn no_store(reply: ResponseBuilder) -> Response {
    with_headers(reply, &["Cache-Control"]).build()
}
