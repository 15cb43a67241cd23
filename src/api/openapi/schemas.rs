//! The schemas that no type of ours has: what a client may send, and results, which are any JSON.
//! The others are derived where the types are.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ObjectBuilder, OneOfBuilder, SchemaFormat, Type,
};
use utoipa::openapi::{ComponentsBuilder, KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::parameters::EXAMPLE_ID;
use crate::api::health::Health;
use crate::api::listing::TaskList;
use crate::api::problem::{CANCELED, Document, ErrorObject};
use crate::api::tasks::{Accepted, NoResult};
use crate::api::view::{ListedView, TaskView, azure_status};
use crate::tasks::TaskStatus;

/// Adds all schemas, those included that others refer to.
pub(super) fn add(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema("Submission", submission())
        .schema("FetchedResult", fetched_result())
        .schema(
            "Result",
            any("The result of the task, as its kind gives it."),
        )
        .schema("Description", description())
        .schema_from::<Accepted<'_>>()
        .schema_from::<NoResult<'_>>()
        .schema_from::<TaskView<'_>>()
        .schema_from::<TaskList<'_>>()
        .schema_from::<ListedView<'_>>()
        .schema_from::<Document<'_>>()
        .schema_from::<ErrorObject<'_>>()
        .schema_from::<Status>()
        .schema_from::<Number>()
        .schema_from::<Health>()
}

/// A task's status in a monitor.
pub(in crate::api) struct Status;

impl PartialSchema for Status {
    fn schema() -> RefOr<Schema> {
        status().into()
    }
}

impl ToSchema for Status {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Status")
    }
}

pub(super) fn status() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(TaskStatus::ALL.map(azure_status)))
        .build()
        .into()
}

/// An integer of any size, or a string with one.
pub(in crate::api) struct Number;

impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^-?[0-9]+$"))
            .build();
        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Integer).build())
            .item(text)
            .description(Some(
                "An integer within the configured range, or a string that holds one. \
                 It is given back as it was sent.",
            ))
            .into()
    }
}

impl ToSchema for Number {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Number")
    }
}

fn submission() -> Schema {
    let r0 = ObjectBuilder::new()
        .title(Some("A Fibonacci number"))
        .property("number", Number::schema())
        .required("number");
    let kind = ObjectBuilder::new()
        .title(Some("Any kind of work"))
        .property(
            "kind",
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some("The name of a registered kind."))
                .build(),
        )
        .property("input", any("What the kind takes."))
        .required("kind")
        .required("input");
    AnyOfBuilder::new()
        .item(r0.build())
        .item(kind.build())
        .build()
        .into()
}

fn fetched_result() -> Schema {
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .build();
    ObjectBuilder::new()
        .description(Some(
            "The id of the task, and the fields of its result; `result` when that is no object.",
        ))
        .property("task_id", id)
        .required("task_id")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
        .into()
}

fn description() -> Schema {
    ObjectBuilder::new()
        .property(
            "openapi",
            ObjectBuilder::new().schema_type(Type::String).build(),
        )
        .required("openapi")
        .build()
        .into()
}

/// Any JSON value.
fn any(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::SchemaType::AnyValue)
        .description(Some(description))
        .build()
        .into()
}

/// The monitor in the examples.
pub(super) fn monitor_example(status: TaskStatus) -> Value {
    let mut monitor = json!({
        "id": EXAMPLE_ID,
        "kind": "fibonacci",
        "status": azure_status(status),
        "createdDateTime": "2026-11-21T11:37:42.284Z",
        "lastActionDateTime": "2026-11-21T11:37:42.287Z",
        "attempts": u8::from(status != TaskStatus::Queued),
    });
    if status == TaskStatus::Succeeded {
        monitor["result"] = result_example();
    }
    if status == TaskStatus::Canceled {
        monitor["error"] = json!(CANCELED);
    }
    monitor
}

pub(super) fn result_example() -> Value {
    json!({ "number": 24, "calculation_result": "46368" })
}
