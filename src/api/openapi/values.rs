//! What descriptions of several resources are made of: an id, and any JSON.

use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, Schema};

/// The id in the examples.
pub(in crate::api) const EXAMPLE_ID: &str = "01a1fde5-dc8c-728c-86f8-01a2760d7385";

/// An id of a task.
pub(in crate::api) fn uuid(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .description(Some(description))
        .build()
        .into()
}

/// Any JSON value.
pub(in crate::api) fn any(description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some(description))
        .build()
        .into()
}
