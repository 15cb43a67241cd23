//! What a submission is answered with, as a schema.

use utoipa::PartialSchema;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType};
use utoipa::openapi::{RefOr, Schema};

use crate::api::openapi::values::{any, uuid};
use crate::api::operations::view::TaskView;

/// What a submission is answered with: a monitor's fields and two more, none of which is always there.
///
/// One schema for all forms, because generated clients have one type for what succeeds: of two they
/// take the first, and throw at, or read past, the other.
pub(in crate::api) fn submitted_task() -> Object {
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
        .property(
            "tasks",
            any("Of an array that was accepted, what it would be of each: an array in its order."),
        )
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
