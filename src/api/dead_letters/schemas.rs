//! What a replay may have in its body and what it answers, as schemas. A reply has one schema for all that
//! succeeds: a generated client has one type for it.

use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Type};

use crate::api::openapi::values::{any, uuid};

/// What a replay may have in its body.
pub(in crate::api) fn edit() -> Object {
    let kind = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The kind of the task that a message becomes."));
    ObjectBuilder::new()
        .description(Some("What is replayed in place of what failed."))
        .property("input", any("What the kind takes."))
        .property("kind", kind)
        .required("input")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
}

/// What a replay answers.
pub(in crate::api) fn replayed() -> Object {
    let queue = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The queue that a message was sent to again."));
    ObjectBuilder::new()
        .description(Some(
            "The monitor of the task that runs; of a message that is in its queue again `id` and `queue`.",
        ))
        .property("id", uuid("The id of the dead letter, and of the task."))
        .property("queue", queue)
        .required("id")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
}

/// What is answered where many are meant.
pub(in crate::api) fn many() -> Object {
    let count = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .description(Some("How many dead letters are meant, of a dry run."));
    ObjectBuilder::new()
        .description(Some(
            "The monitor of the task that does it; of a dry run `count` alone.",
        ))
        .property("id", uuid("The id of the task."))
        .property("count", count)
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .build()
}
