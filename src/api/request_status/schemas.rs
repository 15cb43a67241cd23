//! What the sample's acceptor takes, as a schema.

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// What the acceptor takes.
pub(in crate::api) fn customer() -> Object {
    let text = || {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
    };
    ObjectBuilder::new()
        .description(Some("A customer. Other fields are for the kind."))
        .property("id", text())
        .property("customername", text())
        .required("id")
        .required("customername")
        .build()
}
