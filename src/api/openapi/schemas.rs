//! The schemas that no type of ours has: what a client may send, and results, which are any JSON.
//! The others are derived where the types are.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, Object, ObjectBuilder, OneOfBuilder, SchemaFormat,
    SchemaType, Type,
};
use utoipa::openapi::{ComponentsBuilder, KnownFormat, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::parameters::EXAMPLE_ID;
use crate::api::edge::problem::{CANCELED, Document, ErrorObject};
use crate::api::operations::listing::TaskList;
use crate::api::operations::view::{ListedView, TaskView, azure_status};
use crate::api::service::health::Health;
use crate::api::tasks::NoResult;
use engine::TaskStatus;

/// Adds all schemas, those included that others refer to.
pub(in crate::api) fn add(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema("Submission", submission())
        .schema("NumberSubmission", number_submission())
        .schema("KindSubmission", kind_submission())
        .schema("SubmittedTask", Schema::from(submitted_task()))
        .schema("FetchedResult", fetched_result())
        .schema(
            "Result",
            any(
                "The result of the task, as its kind gives it: any JSON. The monitor for as long as \
                 there is none.",
            ),
        )
        .schema("Description", description())
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
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "How far a task is. `NotStarted` and `Running` go on, the others are final.",
            ))
            .enum_values(Some(TaskStatus::ALL.map(azure_status)))
            .into()
    }
}

impl ToSchema for Status {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Status")
    }
}

/// An integer of any size, or a string with one.
struct Number;

impl PartialSchema for Number {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^-?[0-9]+$"))
            .build();
        let integer = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .build();
        OneOfBuilder::new()
            .item(integer)
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
    AnyOfBuilder::new()
        .item(Ref::from_schema_name("NumberSubmission"))
        .item(Ref::from_schema_name("KindSubmission"))
        .description(Some("A number, or any kind of work."))
        .build()
        .into()
}

fn number_submission() -> Schema {
    ObjectBuilder::new()
        .description(Some("A Fibonacci number to be computed."))
        .property("number", Ref::from_schema_name("Number"))
        .required("number")
        .build()
        .into()
}

fn kind_submission() -> Schema {
    let kind = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The name of a registered kind."));
    ObjectBuilder::new()
        .description(Some("Any kind of work."))
        .property("kind", kind)
        .property("input", any("What the kind takes."))
        .required("kind")
        .required("input")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
        .into()
}

/// What a submission is answered with: a monitor's fields and two more, none of which is always there.
///
/// One schema for all forms, because generated clients have one type for what succeeds: of two they
/// take the first, and throw at, or read past, the other.
fn submitted_task() -> Object {
    let monitor = match TaskView::schema() {
        RefOr::T(Schema::Object(monitor)) => monitor.properties,
        _ => Default::default(),
    };
    monitor
        .into_iter()
        .fold(ObjectBuilder::new(), |object, (name, schema)| {
            object.property(name, schema)
        })
        .description(Some(
            "A task that was accepted has its `id`, with `number` or `kind` as it was sent; the \
             fields of a monitor, `status` among them, if the monitor was asked for. A task that \
             succeeded while the client waited has `task_id` and the fields of its result, or \
             `result` when that is no object or has fields of these names.",
        ))
        .property("number", any("The number, as it was sent."))
        .property("task_id", uuid("The id of a task that has succeeded."))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
}

/// The names that have one meaning in a [`submitted_task`], and so cannot be a result's as well.
pub(in crate::api) fn names_with_a_type() -> impl Iterator<Item = String> {
    submitted_task()
        .properties
        .into_iter()
        .filter(|(_, schema)| {
            !matches!(schema, RefOr::T(Schema::Object(any)) if any.schema_type == SchemaType::AnyValue)
        })
        .map(|(name, _)| name)
}

fn fetched_result() -> Schema {
    ObjectBuilder::new()
        .description(Some(
            "The id of the task, and the fields of its result; `result` when that is no object.",
        ))
        .property("task_id", uuid("The id of the task."))
        .required("task_id")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
        .into()
}

fn description() -> Schema {
    let version = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The version of OpenAPI."));
    ObjectBuilder::new()
        .description(Some("A description of this API."))
        .property("openapi", version)
        .required("openapi")
        .build()
        .into()
}

fn uuid(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .description(Some(description))
        .build()
        .into()
}

/// Any JSON value.
fn any(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some(description))
        .build()
        .into()
}

/// The monitor in the examples.
pub(in crate::api) fn monitor_example(status: TaskStatus) -> Value {
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

pub(in crate::api) fn result_example() -> Value {
    json!({ "number": 24, "calculation_result": "46368" })
}
