//! What is reported, as a schema.

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::api::openapi::values::any;

/// What is reported.
pub(in crate::api) fn report() -> Object {
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
