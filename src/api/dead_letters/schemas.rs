//! What a replay may have in its body, as a schema.

use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Type};

use crate::api::openapi::values::any;

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
