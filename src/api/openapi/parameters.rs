//! The parameters of the operations: path, query and request headers.

use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Required, Schema};

use crate::tasks::limits::{DEFAULT_TOP, MAX_TOP, MAX_WAIT};

/// The id in the examples.
pub(super) const EXAMPLE_ID: &str = "01a1fde5-dc8c-728c-86f8-01a2760d7385";

/// A task's id in the path.
pub(super) fn task_id(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The id of the task. Another text is an unknown task."))
        .schema(Some(text(Some(KnownFormat::Uuid))))
        .example(Some(json!(EXAMPLE_ID)))
        .build()
}

/// The name of a file of the interactive page.
pub(super) fn file() -> Parameter {
    ParameterBuilder::new()
        .name("file")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The name of a script or style sheet of the page."))
        .schema(Some(text(None)))
        .example(Some(json!("swagger-ui.css")))
        .build()
}

/// `Prefer` where waiting is all it can ask for.
pub(super) fn prefer_wait() -> Parameter {
    header(
        "Prefer",
        &format!(
            "`wait=N` holds the reply back for up to N seconds, {} at most. \
             Preferences of another form are ignored (RFC 7240).",
            MAX_WAIT.as_secs()
        ),
        json!("wait=5"),
    )
}

/// All preferences of a submission.
pub(super) fn prefer() -> Parameter {
    header(
        "Prefer",
        &format!(
            "`wait=N` holds the reply back for up to N seconds ({} at most): 200 with the result if \
             the task succeeds in time. `return=representation` asks for the monitor in the reply, \
             `respond-async` for what is done anyhow. Preferences of another form are ignored \
             (RFC 7240).",
            MAX_WAIT.as_secs()
        ),
        json!("respond-async"),
    )
}

pub(super) fn idempotency_key() -> Parameter {
    header(
        "Idempotency-Key",
        "A string in double quotes, of 1 to 255 characters. The same key and body again gives the \
         same task for 24 hours.",
        json!("\"7d0c1a52\""),
    )
}

pub(super) fn traceparent() -> Parameter {
    header(
        "traceparent",
        "The client's trace (W3C Trace Context), carried through message and record.",
        json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    )
}

pub(super) fn if_match() -> Parameter {
    optional(
        ParameterIn::Header,
        "If-Match",
        "Only if the monitor still has this `ETag` (or one of several, or any: `*`). 412 otherwise.",
        text(None),
    )
    .build()
}

pub(super) fn if_none_match() -> Parameter {
    header(
        "If-None-Match",
        "The `ETag` of the monitor the client has.",
        json!("\"3\""),
    )
}

pub(super) fn api_version() -> Parameter {
    query(
        "api-version",
        "Sent by Azure's SDKs; any value asks for the monitor in the reply.",
        text(None),
        json!("2026-01-01"),
    )
}

/// The query of a listing.
pub(super) fn listing() -> Vec<Parameter> {
    let time = || text(Some(KnownFormat::DateTime));
    let top = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_TOP))
        .default(Some(json!(DEFAULT_TOP)))
        .build();
    vec![
        query(
            "status",
            "Only tasks of this status.",
            super::schemas::status(),
            json!("Succeeded"),
        ),
        query(
            "kind",
            "Only tasks of this kind.",
            text(None),
            json!("fibonacci"),
        ),
        query(
            "createdAfter",
            "Only tasks created after this time (RFC 3339).",
            time(),
            json!("2026-01-01T00:00:00Z"),
        ),
        query(
            "createdBefore",
            "Only tasks created before this time (RFC 3339).",
            time(),
            json!("2100-01-01T00:00:00Z"),
        ),
        query(
            "top",
            "How many tasks a page holds at most.",
            top.into(),
            json!(DEFAULT_TOP),
        ),
        optional(
            ParameterIn::Query,
            "continuationToken",
            "Where the listing goes on: as `nextLink` has it, with the same filters.",
            text(None),
        )
        .build(),
    ]
}

fn header(name: &str, description: &str, example: Value) -> Parameter {
    optional(ParameterIn::Header, name, description, text(None))
        .example(Some(example))
        .build()
}

fn query(name: &str, description: &str, schema: Schema, example: Value) -> Parameter {
    optional(ParameterIn::Query, name, description, schema)
        .example(Some(example))
        .build()
}

fn optional(place: ParameterIn, name: &str, description: &str, schema: Schema) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
}

fn text(format: Option<KnownFormat>) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(format.map(SchemaFormat::KnownFormat))
        .build()
        .into()
}
