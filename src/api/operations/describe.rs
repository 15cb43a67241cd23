//! The operations on a task that was submitted, described.

use serde_json::json;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};

use crate::api::openapi::OPERATIONS;
use crate::api::openapi::parameters::{if_match, if_none_match, listing, query_text, task_id};
use crate::api::openapi::responses::{json, problems, with_headers};
use crate::api::openapi::schemas::{monitor_example, result_example};
use crate::api::openapi::values::EXAMPLE_ID;
use engine::TaskStatus;

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
    let operation = described(
        "List tasks, newest first",
        "In pages: `nextLink` leads to the next one. The embedded store has indexes for this. Azure \
         Storage lists by name alone, so there a filter by status or kind looks through the tasks of all, \
         in a bounded number of calls for each page, and a page may hold none that match although there \
         are some: its `nextLink` leads on. `createdAfter` bounds what is looked through. Tasks whose ids \
         are no UUIDv7 are listed from the embedded store only.",
    )
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
    let operation = described(
        "Watch a task",
        "The status monitor, for as long as there is a record of the task. Polling it changes nothing.",
    )
        .parameter(task_id("id"))
        .parameter(if_match())
        .parameter(if_none_match())
        .response("200", with_headers(monitor, &headers).build())
        .response("304", with_headers(known, &headers).build());
    problems(operation, &["404", "412", "500", "503"])
}

/// `GET /api/operations/{id}/history`
pub(in crate::api) fn history() -> OperationBuilder {
    let steps = json(
        "Its steps, in the order in which the workflow asked for them.",
        "History",
        json!({
            "id": EXAMPLE_ID,
            "kind": "OrchestratorFunc",
            "status": TaskStatus::Running.shown(),
            "generation": 0,
            "isSuspended": false,
            "steps": [
                {
                    "step": 0,
                    "type": "Call",
                    "name": "GenerateData",
                    "state": "Succeeded",
                    "startedDateTime": "2026-11-25T20:57:08.216Z",
                    "endedDateTime": "2026-11-25T20:57:08.436Z",
                    "durationMilliseconds": 220,
                },
                {
                    "step": 1,
                    "type": "FanOut",
                    "name": "SubOrchestratorFunc",
                    "state": "Running",
                    "startedDateTime": "2026-11-25T20:57:08.436Z",
                    "members": { "done": 3, "total": 4 },
                },
            ],
        }),
    );
    let known = ResponseBuilder::new().description("The client has this version of the history.");
    let headers = ["Cache-Control", "ETag"];
    let operation = described(
        "Look at the steps of a workflow",
        "What an instance has asked for and what came of it, for people and for pages that draw it. 404 for a task \
         that is none of a workflow.",
    )
    .parameter(task_id("id"))
    .parameter(query_text("results", "`true` adds what the steps gave."))
    .parameter(if_match())
    .parameter(if_none_match())
    .response("200", with_headers(steps, &headers).build())
    .response("304", with_headers(known, &headers).build());
    problems(operation, &["400", "404", "412", "422", "500", "503"])
}

/// `GET /api/operations/{id}/result`
pub(in crate::api) fn result() -> OperationBuilder {
    let result = json(
        "The result, as its kind gives it.",
        "Result",
        result_example(),
    );
    // The schema of both: a generated client has one type for what succeeds.
    let running = json(
        "The task has not ended. The body is its monitor.",
        "Result",
        monitor_example(TaskStatus::Running),
    );
    let accepted = with_headers(running, &["Location", "Retry-After", "Cache-Control"]);
    let operation = described(
        "Read a result",
        "It stays, however often it is read. 202 until it is there: a client that cannot see the \
         status of a reply looks at the monitor first, and reads what has succeeded.",
    )
    .parameter(task_id("id"))
    .response("200", no_store(result))
    .response("202", accepted.build());
    problems(operation, &["404", "410", "424", "500", "503"])
}

/// `POST /api/operations/{id}:cancel`
pub(in crate::api) fn cancel() -> OperationBuilder {
    let monitor = json(
        "The monitor. A task that had ended before stays as it is.",
        "Monitor",
        monitor_example(TaskStatus::Canceled),
    );
    let operation = described(
        "Cancel a task",
        "Work that is under way is told to stop, and its result is not kept.",
    )
    .parameter(task_id("id"))
    .parameter(if_match())
    .response(
        "200",
        with_headers(monitor, &["Cache-Control", "ETag"]).build(),
    );
    problems(operation, &["404", "412", "500", "503"])
}

/// `DELETE /api/operations/{id}`
pub(in crate::api) fn delete() -> OperationBuilder {
    let operation = described(
        "Delete a task that has ended",
        "Its record goes, and with it its result. A task that has not ended is a conflict.",
    )
    .parameter(task_id("id"))
    .parameter(if_match())
    .response(
        "204",
        no_store(ResponseBuilder::new().description("The record is deleted.")),
    );
    problems(operation, &["404", "409", "412", "500", "503"])
}

/// `POST /api/operations/{id}:retry`
pub(in crate::api) fn retry() -> OperationBuilder {
    let reply = json(
        "The task is queued again. The headers are those of a submission.",
        "Monitor",
        monitor_example(TaskStatus::Queued),
    );
    let headers = [
        "Location",
        "Operation-Location",
        "Operation-Id",
        "Retry-After",
        "ETag",
        "Cache-Control",
    ];
    let operation = described(
        "Run a failed task again",
        "It keeps its id, and its attempts are counted on. Other tasks are a conflict.",
    )
    .parameter(task_id("id"))
    .parameter(if_match())
    .response("202", with_headers(reply, &headers).build());
    problems(operation, &["401", "404", "409", "412", "500", "503"])
}

fn described(summary: &str, description: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(OPERATIONS)
        .summary(Some(summary))
        .description(Some(description))
}

fn no_store(reply: ResponseBuilder) -> Response {
    with_headers(reply, &["Cache-Control"]).build()
}
