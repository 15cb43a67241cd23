//! The callback, described.

use serde_json::json;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, Required, ResponseBuilder};

use crate::api::openapi::OPERATIONS;
use crate::api::openapi::parameters::{callback_token, task_id};
use crate::api::openapi::responses::problems;
use crate::api::openapi::values::any;

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

/// What is reported.
pub(in crate::api) fn schema() -> Object {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let error = ObjectBuilder::new()
        .property("code", text().pattern(Some("^[A-Z][A-Za-z0-9]{0,63}$")))
        .property("message", text())
        .required("code")
        .required("message");
    ObjectBuilder::new()
        .description(Some(
            "`status` with `result` or `error`, or `percentComplete` alone.",
        ))
        .property("status", text().enum_values(Some(["Succeeded", "Failed"])))
        .property("result", any("The result of the task: any JSON."))
        .property("error", error)
        .property(
            "retry",
            ObjectBuilder::new()
                .schema_type(Type::Boolean)
                .description(Some("Whether another attempt may help.")),
        )
        .property(
            "percentComplete",
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(0))
                .maximum(Some(100)),
        )
        .build()
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
    let examples = examples.map(|(name, summary, value)| {
        let example = ExampleBuilder::new().summary(summary).value(Some(value));
        (name, example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Report")))
        .examples_from_iter(examples)
        .build();
    RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", content)
        .build()
}
