//! Dead letters, described.

use serde_json::{Value, json};
use utoipa::openapi::Required;
use utoipa::openapi::path::{OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBody;

use crate::api::openapi::DEAD_LETTERS;
use crate::api::openapi::parameters::{bulk, letters, task_id};
use crate::api::openapi::requests::request;
use crate::api::openapi::responses::{json, problems, with_headers};
use crate::api::openapi::schemas::monitor_example;
use crate::api::openapi::values::EXAMPLE_ID;
use engine::TaskStatus;

/// The headers of a 202.
const ACCEPTED: [&str; 5] = [
    "Location",
    "Operation-Location",
    "Operation-Id",
    "Retry-After",
    "Cache-Control",
];

/// `GET /api/dead-letters`
pub(in crate::api) fn list() -> OperationBuilder {
    let page = json(
        "A page of dead letters. `nextLink` when there may be more: go on until there is none, also after a \
         page that is short or empty.",
        "DeadLetterList",
        json!({
            "value": [example()],
            "nextLink": "http://localhost:7071/api/dead-letters?continuationToken=eyJwb3NpdGlvbiI6e30"
        }),
    );
    let operation = described(
        "List dead letters, newest first",
        "Failed tasks, and messages that name no task. They have an index of their own, so that one call finds \
         what failed last night, behind however many tasks that succeeded.",
        letters(),
    );
    let operation = operation.response("200", with_headers(page, &["Cache-Control"]).build());
    problems(operation, &["400", "401", "422", "500", "503"])
}

/// `GET /api/dead-letters/{id}`
pub(in crate::api) fn one() -> OperationBuilder {
    let letter = json("The dead letter.", "DeadLetter", example());
    let operation = described(
        "Look at a dead letter",
        "With all of its input, or of the text of its message; and where the operator has rules, with what these \
         did about it. A letter that a rule had repaired is found here, and listed no more.",
        vec![task_id("id")],
    );
    let operation = operation.response("200", with_headers(letter, &["Cache-Control"]).build());
    problems(operation, &["401", "404", "500", "503"])
}

/// `POST /api/dead-letters/{id}:replay`
pub(in crate::api) fn replay() -> OperationBuilder {
    let runs = json(
        "It is queued. The headers are those of a submission, but for a message that is in its queue again: it has \
         no task to look at.",
        "ReplayedDeadLetter",
        monitor_example(TaskStatus::Queued),
    );
    let mut headers = ACCEPTED.to_vec();
    headers.push("ETag");
    let operation = described(
        "Replay a dead letter",
        "A task runs again under its id, with another input if there is one in the body. A message that names no \
         task is sent to its queue again as it is; with an input it becomes a task, of the kind `fibonacci` \
         unless the body names another; a task stays of its kind. Of two replays at a time one counts.",
        vec![task_id("id")],
    )
    .request_body(Some(body()))
    .response("202", with_headers(runs, &headers).build());
    problems(
        operation,
        &[
            "400", "401", "404", "408", "409", "413", "415", "422", "429", "500", "503",
        ],
    )
}

/// `POST /api/dead-letters:replay`
pub(in crate::api) fn replay_all() -> OperationBuilder {
    many(
        "Replay many dead letters",
        "All that the filters take, or all there are with `all=true`, and that have failed by now. A task does it: \
         its result is `{\"replayed\": n, \"failed\": m}`, of all its attempts.",
    )
}

/// `DELETE /api/dead-letters`
pub(in crate::api) fn delete_all() -> OperationBuilder {
    many(
        "Delete many dead letters",
        "All that the filters take, or all there are with `all=true`, and that have failed by now: the records of \
         the tasks, and the messages. A task does it: its result is `{\"deleted\": n, \"failed\": m}`, of all its \
         attempts.",
    )
}

fn body() -> RequestBody {
    let examples = [(
        "edited",
        "Another input",
        json!({ "input": { "number": 24 } }),
    )];
    let mut body = request("Replay", examples);
    body.required = Some(Required::False);
    body
}

fn many(summary: &str, description: &str) -> OperationBuilder {
    let count = json(
        "The answer to a dry run: how many are meant.",
        "ManyDeadLetters",
        json!({ "count": 3 }),
    );
    let runs = json(
        "The task that does it is queued. The headers are those of a submission.",
        "ManyDeadLetters",
        monitor_example(TaskStatus::Queued),
    );
    let operation = described(summary, description, bulk())
        .response("200", with_headers(count, &["Cache-Control"]).build())
        .response("202", with_headers(runs, &ACCEPTED).build());
    problems(operation, &["400", "401", "422", "429", "500", "503"])
}

fn described(summary: &str, description: &str, parameters: Vec<Parameter>) -> OperationBuilder {
    let operation = OperationBuilder::new()
        .tag(DEAD_LETTERS)
        .summary(Some(summary))
        .description(Some(description));
    parameters
        .into_iter()
        .fold(operation, OperationBuilder::parameter)
}

fn example() -> Value {
    json!({
        "id": EXAMPLE_ID,
        "reason": "TaskFailed",
        "kind": "fibonacci",
        "error": { "code": "TimeLimitExceeded", "message": "the attempt took too long" },
        "attempts": 5,
        "createdDateTime": "2026-11-21T11:37:42.284Z",
        "failedDateTime": "2026-11-21T11:51:03.120Z",
        "input": { "number": 24 }
    })
}
