//! The list of kinds, described.

use serde_json::{Value, json};
use utoipa::openapi::path::OperationBuilder;

use crate::api::openapi::SERVICE;
use crate::api::openapi::responses::{json, problems, with_headers};

/// `GET /api/kinds`
pub(in crate::api) fn list() -> OperationBuilder {
    let kinds = json("The kinds.", "KindList", example());
    let operation = OperationBuilder::new()
        .tag(SERVICE)
        .summary(Some("List the kinds of work"))
        .description(Some(
            "What can be submitted: each kind with the schema of its input and of its result, how its \
             tasks are treated, and what the process that answers has seen of them since it started. \
             Asks nothing of storage.",
        ))
        .response("200", with_headers(kinds, &["Cache-Control"]).build());
    problems(operation, &["500", "503"])
}

fn example() -> Value {
    let ended = |status: &str, tasks: u8, work: f64| {
        json!({
            "status": status, "tasks": tasks, "attempts": tasks, "timed": tasks,
            "workSeconds": work, "waitSeconds": 0.0,
        })
    };
    json!({ "value": [{
        "name": "word_count",
        "description": "Counts the words of a text",
        "inputSchema": {
            "type": "object",
            "properties": { "text": { "type": "string" } },
            "required": ["text"],
        },
        "outputSchema": { "type": "integer", "minimum": 0 },
        "policy": {
            "timeLimitSeconds": 420.0,
            "attempts": 5,
            "backOff": { "firstSeconds": 2.0, "factor": 4, "longestSeconds": 600.0 },
            "concurrency": 2,
            "pure": true,
            "retentionSeconds": 604_800.0,
        },
        "seen": {
            "accepted": 12,
            "running": 1,
            "ended": [ended("Succeeded", 10, 0.42), ended("Failed", 1, 0.03), ended("Canceled", 0, 0.0)],
        },
    }] })
}
