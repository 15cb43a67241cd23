//! What the instances' routes take and give that no type of ours has, as schemas.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType};
use utoipa::openapi::{Ref, Schema};

/// What an instance is begun with, and what an event brings.
pub(in crate::api) fn any_input() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some("Any JSON."))
        .build()
        .into()
}

/// A page of instances.
pub(in crate::api) fn instances() -> Schema {
    ArrayBuilder::new()
        .items(Ref::from_schema_name("OrchestrationStatus"))
        .description(Some("Instances, newest first."))
        .build()
        .into()
}
