//! Durable Functions' API, described.

use serde_json::{Value, json};
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{Required, ResponseBuilder};

use crate::api::openapi::WORKFLOWS;
use crate::api::openapi::parameters::{path_text, query_text, traceparent};
use crate::api::openapi::requests::request;
use crate::api::openapi::responses::{json, problems, with_headers};

/// Where an instance is, in the examples.
const EXAMPLE: &str = "http://localhost:7071/runtime/webhooks/durabletask/instances/my-instance";

/// What every operation may answer.
const ALWAYS: [&str; 5] = ["400", "401", "404", "500", "503"];

/// `POST /api/orchestrators/{function}`
pub(in crate::api) fn start() -> OperationBuilder {
    starts(
        "Begin an instance of a workflow",
        "Of the workflow of this name; the body is its input, `null` without one. Everybody may, unless \
         submission needs a key.",
    )
}

/// `POST /api/orchestrators/{function}/{instance}`
pub(in crate::api) fn start_named() -> OperationBuilder {
    let operation = starts(
        "Begin an instance of a workflow under a name",
        "It needs the code of the instance or the key. One of this name that has ended begins anew; one that has \
         not is a 409.",
    );
    problems(operation.parameter(instance()), &["409"])
}

/// `POST /api/durabletask/orchestrators/{function}`
pub(in crate::api) fn built_in() -> OperationBuilder {
    starts(
        "Begin an instance of a workflow, with the key",
        "As `POST /api/orchestrators/{function}`, where Durable Functions has it.",
    )
}

/// `POST /api/durabletask/orchestrators/{function}/{instance}`
pub(in crate::api) fn built_in_named() -> OperationBuilder {
    let operation = starts(
        "Begin an instance of a workflow under a name, with the key",
        "As `POST /api/orchestrators/{function}/{instance}`, where Durable Functions has it.",
    );
    problems(operation.parameter(instance()), &["409"])
}

/// `GET /api/durabletask/instances/{instance}`
pub(in crate::api) fn status() -> OperationBuilder {
    let ended = json("It has ended.", "OrchestrationStatus", example("Completed"));
    let open = json(
        "It has not ended.",
        "OrchestrationStatus",
        example("Running"),
    );
    let operation = of_one(
        "Look at an instance",
        "It needs the code of the instance or the key.",
    )
    .parameter(query_text("showInput", "`false` leaves the input out."))
    .parameter(query_text("showHistory", "`true` adds what has happened."))
    .parameter(query_text(
        "showHistoryOutput",
        "`true` adds what its steps gave to that.",
    ))
    .parameter(query_text(
        "returnInternalServerErrorOnFailure",
        "`true` answers 500 of one that has failed.",
    ))
    .response("200", with_headers(ended, &["Cache-Control"]).build())
    .response(
        "202",
        with_headers(open, &["Cache-Control", "Location", "Retry-After"]).build(),
    );
    problems(operation, &ALWAYS)
}

/// `GET /api/durabletask/instances`
pub(in crate::api) fn list() -> OperationBuilder {
    let page = json(
        "A page of them. `x-ms-continuation-token` leads on, also after a page that is short or empty.",
        "Instances",
        json!([example("Completed")]),
    );
    let operation = filters(described(
        "List instances, newest first",
        "With the key. The token of a page is sent back in the header `x-ms-continuation-token`.",
    ), false)
    .parameter(query_text(
        "top",
        "How many a page holds at most: 100 unless it is said, 1000 at most.",
    ))
    .parameter(query_text(
        "instanceIdPrefix",
        "Only those that are called so, to begin with.",
    ))
    .parameter(query_text("showInput", "`false` leaves the inputs out."))
    .response(
        "200",
        with_headers(page, &["Cache-Control", "x-ms-continuation-token"]).build(),
    );
    problems(operation, &ALWAYS)
}

/// `DELETE /api/durabletask/instances`
pub(in crate::api) fn purge_all() -> OperationBuilder {
    let operation = filters(
        described(
            "Delete instances that have ended",
            "With the key, and with `createdTimeFrom`: as many as there is time for. 404 when there is none (left), 503 when there was no time to look at all.",
        ),
        true,
    );
    problems(purged(operation), &ALWAYS)
}

/// `DELETE /api/durabletask/instances/{instance}`
pub(in crate::api) fn purge() -> OperationBuilder {
    let operation = of_one(
        "Delete an instance that has ended",
        "With all that belongs to it.",
    );
    problems(problems(purged(operation), &ALWAYS), &["412"])
}

/// `POST …/raiseevent/{event}`
pub(in crate::api) fn raise() -> OperationBuilder {
    let operation = of_one(
        "Let an event arrive at an instance",
        "It is kept until the instance waits for one of its name. The body says that it is `application/json`.",
    )
    .parameter(path_text("event", "The name of the event, in any case of letters."))
    .request_body(Some(any_json(json!({ "by": "me" }))));
    problems(taken(operation), &["408", "410", "413", "415"])
}

/// `POST …/terminate`
pub(in crate::api) fn terminate() -> OperationBuilder {
    steered(
        "End an instance",
        "At once, with what it has begun.",
        &["410"],
    )
}

/// `POST …/suspend`
pub(in crate::api) fn suspend() -> OperationBuilder {
    steered(
        "Let an instance stand still",
        "What arrives is kept.",
        &["410"],
    )
}

/// `POST …/resume`
pub(in crate::api) fn resume() -> OperationBuilder {
    steered(
        "Let an instance go on",
        "With all that has arrived.",
        &["410"],
    )
}

/// `POST …/rewind`
pub(in crate::api) fn rewind() -> OperationBuilder {
    steered(
        "Let an instance go on from its failure",
        "What has failed is tried again, and what has succeeded is kept. 412 unless it has failed.",
        &["412"],
    )
}

/// `POST …/restart`
pub(in crate::api) fn restart() -> OperationBuilder {
    let operation = of_one(
        "Begin an instance with the input of this one",
        "Another one; or this one anew, once it has ended.",
    )
    .parameter(query_text(
        "restartWithNewInstanceId",
        "`false` begins this one anew.",
    ));
    problems(
        problems(begun(operation, "ManagementUris"), &ALWAYS),
        &["412", "422", "429"],
    )
}

fn described(summary: &str, description: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(WORKFLOWS)
        .summary(Some(summary))
        .description(Some(description))
}

fn of_one(summary: &str, description: &str) -> OperationBuilder {
    described(summary, description)
        .parameter(instance())
        .parameter(query_text(
            "code",
            "The code of the instance, as the URIs of its start have it; or the key.",
        ))
}

fn starts(summary: &str, description: &str) -> OperationBuilder {
    let mut input = any_json(json!({ "rawDataPath": "raw", "numFiles": "4", "numRows": "10" }));
    input.required = Some(Required::False);
    let seconds = "How long to wait for the end, in seconds: 200 with the bare result if it is there in time.";
    let operation = described(summary, description)
        .parameter(path_text(
            "function",
            "The name of the workflow; case does not matter.",
        ))
        .parameter(query_text("timeout", seconds))
        .parameter(query_text(
            "pollingInterval",
            "Read, and not needed: the end is seen at once.",
        ))
        .parameter(traceparent())
        .request_body(Some(input))
        .response(
            "200",
            json(
                "It ended in time: its bare result, or how it is if it has none.",
                "AnyJson",
                json!([1, 2]),
            )
            .build(),
        );
    problems(
        // A generated method has one type for what succeeds, and a result may be anything.
        problems(begun(operation, "AnyJson"), &ALWAYS),
        &["408", "413", "415", "422", "429"],
    )
}

fn begun(operation: OperationBuilder, schema: &str) -> OperationBuilder {
    let uri = |what: &str| format!("{EXAMPLE}{what}taskHub=TaskHub&connection=Storage&code=C0DE");
    let example = json!({
        "id": "my-instance",
        "statusQueryGetUri": uri("?"),
        "sendEventPostUri": uri("/raiseEvent/{eventName}?"),
        "terminatePostUri": uri("/terminate?reason={text}&"),
        "rewindPostUri": uri("/rewind?reason={text}&"),
        "purgeHistoryDeleteUri": uri("?"),
        "restartPostUri": uri("/restart?"),
        "suspendPostUri": uri("/suspend?reason={text}&"),
        "resumePostUri": uri("/resume?reason={text}&"),
    });
    let begun = json(
        "It begins. Everything about it is at these URIs (`ManagementUris`).",
        schema,
        example,
    );
    let headers = ["Cache-Control", "Location", "Retry-After"];
    operation.response("202", with_headers(begun, &headers).build())
}

fn steered(summary: &str, description: &str, beside: &[&str]) -> OperationBuilder {
    let operation = of_one(summary, description).parameter(query_text(
        "reason",
        "Why: kept with the instance. 1000 characters at most.",
    ));
    problems(taken(operation), beside)
}

fn taken(operation: OperationBuilder) -> OperationBuilder {
    let taken = ResponseBuilder::new().description("It is taken in.");
    let operation = operation.response("202", with_headers(taken, &["Cache-Control"]).build());
    problems(operation, &ALWAYS)
}

fn purged(operation: OperationBuilder) -> OperationBuilder {
    let deleted = json(
        "So many were deleted.",
        "PurgedInstances",
        json!({ "instancesDeleted": 1 }),
    );
    operation.response("200", with_headers(deleted, &["Cache-Control"]).build())
}

fn filters(operation: OperationBuilder, is_from_needed: bool) -> OperationBuilder {
    let mut from = query_text(
        "createdTimeFrom",
        "Only those that began then or later (RFC 3339).",
    );
    if is_from_needed {
        from.required = Required::True;
    }
    operation
        .parameter(query_text(
            "runtimeStatus",
            "Only those of these statuses: several with commas between, or repeated.",
        ))
        .parameter(from)
        .parameter(query_text(
            "createdTimeTo",
            "Only those that began then or earlier (RFC 3339).",
        ))
}

fn instance() -> utoipa::openapi::path::Parameter {
    path_text(
        "instance",
        "What the instance is called: its client's name for it, or its task's id.",
    )
}

fn any_json(example: Value) -> RequestBody {
    request("AnyJson", [("any", "Any JSON", example)])
}

fn example(status: &str) -> Value {
    json!({
        "name": "OrchestratorFunc",
        "instanceId": "my-instance",
        "runtimeStatus": status,
        "input": { "rawDataPath": "raw" },
        "customStatus": null,
        "output": null,
        "createdTime": "2026-11-25T20:57:08Z",
        "lastUpdatedTime": "2026-11-25T20:57:13Z",
    })
}
