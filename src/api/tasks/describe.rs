//! Submit and fetch, described.

use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};

use crate::api::openapi::parameters::{
    api_version, idempotency_key, prefer, prefer_wait, repeatability, task_id, traceparent,
};
use crate::api::openapi::requests::request;
use crate::api::openapi::responses::{json, problems, with_headers};
use crate::api::openapi::values::EXAMPLE_ID;
use crate::api::openapi::{TASKS, schemas};
use engine::TaskStatus;

/// `POST /api/tasks`
pub(in crate::api) fn submit() -> OperationBuilder {
    let done = json(
        "With `Prefer: wait`: the task has succeeded. The body has `task_id` and the result; the \
         record stays.",
        "SubmittedTask",
        fetched(),
    );
    let done = with_headers(
        done,
        &[
            "Cache-Control",
            "Preference-Applied",
            "Repeatability-Result",
        ],
    );
    let [repeatable_id, first_sent] = repeatability();
    let operation = OperationBuilder::new()
        .tag(TASKS)
        .summary(Some("Submit a task"))
        .description(Some(
            "Answers at once, and says where to look. Beside `number`, other fields of the body are \
             ignored; beside `kind` they are refused. Both successes have one schema, in which `id` is \
             that of a task that was accepted, and `task_id` that of a result. Needs no key, unless the \
             operator has set one for submission.\n\nAn array of up to 1,000 such bodies is taken, too. All are \
             looked at before the first is accepted, and a problem names the place: `[17].input.number`. The \
             202 is `{\"tasks\": […]}` then, for each in its order `id`, `number` or `kind`, and \
             `operationLocation`; `Prefer` means nothing. Where storage took in some of them, the 503 has \
             `tasks` with what became of each. A key covers all of them.",
        ))
        .parameter(idempotency_key())
        .parameter(repeatable_id)
        .parameter(first_sent)
        .parameter(prefer())
        .parameter(traceparent())
        .parameter(api_version())
        .request_body(Some(submission()))
        .response("200", done.build())
        .response("202", accepted().build());
    problems(
        operation,
        &[
            "400", "401", "408", "409", "412", "413", "415", "422", "429", "500", "503",
        ],
    )
}

fn submission() -> RequestBody {
    let examples = [
        ("number", "A Fibonacci number", json!({ "number": 24 })),
        ("text", "The number as text", json!({ "number": "-7" })),
        (
            "kind",
            "Any kind of work",
            json!({ "kind": "fibonacci", "input": { "number": 24 } }),
        ),
        (
            "later",
            "In a minute, with a label",
            json!({ "number": 24, "delay": 60, "labels": ["customer:4711"] }),
        ),
        (
            "many",
            "Two in one call",
            json!([{ "number": 24 }, { "kind": "fibonacci", "input": { "number": 25 } }]),
        ),
    ];
    request("Submissions", examples)
}

fn accepted() -> ResponseBuilder {
    let examples = [
        ("number", json!({ "id": EXAMPLE_ID, "number": 24 })),
        ("kind", json!({ "id": EXAMPLE_ID, "kind": "fibonacci" })),
        (
            "representation",
            schemas::monitor_example(TaskStatus::Queued),
        ),
        (
            "many",
            json!({ "tasks": [{
                "id": EXAMPLE_ID,
                "number": 24,
                "operationLocation": format!("http://localhost:7071/api/operations/{EXAMPLE_ID}"),
            }] }),
        ),
    ];
    let examples =
        examples.map(|(name, value)| (name, ExampleBuilder::new().value(Some(value)).build()));
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("SubmittedTask")))
        .examples_from_iter(examples)
        .build();
    let reply = ResponseBuilder::new()
        .description(
            "Accepted. The body has the id with the number or the kind; it is the monitor with \
             `Prefer: return=representation` or an `api-version`. To an array it has `tasks`, and of the \
             headers that lead to a task there is `Retry-After` alone.",
        )
        .content("application/json", content);
    let reply = with_headers(
        reply,
        &[
            "Location",
            "Operation-Location",
            "Operation-Id",
            "Retry-After",
            "Cache-Control",
            "Preference-Applied",
            "Repeatability-Result",
        ],
    );
    [
        ("monitor", "getOperation", "id"),
        ("result", "getOperationResult", "id"),
        ("fetch", "getTask", "task_id"),
        ("cancel", "cancelOperation", "id"),
        ("delete", "deleteOperation", "id"),
        ("retry", "retryOperation", "id"),
    ]
    .into_iter()
    .fold(reply, |reply, (name, operation, parameter)| {
        reply.link(name, link(operation, parameter))
    })
}

fn link(operation: &str, parameter: &str) -> Link {
    LinkBuilder::new()
        .operation_id(operation)
        .parameter(parameter, "$response.body#/id")
        .build()
}

/// `GET /api/tasks/{task_id}`
pub(in crate::api) fn fetch() -> OperationBuilder {
    let found = json(
        "The result. It is deleted once the reply has been written.",
        "FetchedResult",
        fetched(),
    );
    let absent = json(
        "There is no result to give. With a `Link` to the monitor when there is a task, and \
         `Retry-After` while it has not ended.",
        "NoResult",
        json!({ "task_id": EXAMPLE_ID }),
    );
    let operation = OperationBuilder::new()
        .tag(TASKS)
        .summary(Some("Fetch and consume a result"))
        .description(Some(
            "Gives a result once: it is deleted when the reply has been written. `HEAD` tells \
             whether it is there, and leaves it.",
        ))
        .parameter(task_id("task_id"))
        .parameter(prefer_wait())
        .response(
            "200",
            with_headers(found, &["Cache-Control", "Preference-Applied"]).build(),
        )
        .response(
            "404",
            with_headers(
                absent,
                &["Cache-Control", "Link", "Retry-After", "Preference-Applied"],
            )
            .build(),
        );
    problems(operation, &["429", "500", "503"])
}

fn fetched() -> Value {
    let mut fetched = schemas::result_example();
    fetched["task_id"] = EXAMPLE_ID.into();
    fetched
}
