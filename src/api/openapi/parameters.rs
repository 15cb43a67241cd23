//! The parameters of the operations: path, query and request headers.
//!
//! None has an example: the interactive page would send it. A key is good for one submission, an id
//! for one task, and a filter hides what somebody is looking for.

use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr, Required, Schema};

use engine::limits::{DEFAULT_TOP, MAX_TOP, MAX_WAIT};

/// A task's id in the path.
pub(in crate::api) fn task_id(name: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(
            "The id of the task, as the submission was answered. Another text is an unknown task.",
        ))
        .schema(Some(text(Some(KnownFormat::Uuid))))
        .build()
}

/// `Prefer` where waiting is all it can ask for.
pub(in crate::api) fn prefer_wait() -> Parameter {
    header(
        "Prefer",
        &format!(
            "`wait=N` holds the reply back for up to N seconds, {} at most. \
             Preferences of another form are ignored (RFC 7240).",
            MAX_WAIT.as_secs()
        ),
    )
}

/// All preferences of a submission.
pub(in crate::api) fn prefer() -> Parameter {
    header(
        "Prefer",
        &format!(
            "`wait=N` holds the reply back for up to N seconds ({} at most): 200 with the result if \
             the task succeeds in time. `return=representation` asks for the monitor in the reply, \
             `respond-async` for what is done anyhow. Preferences of another form are ignored \
             (RFC 7240).",
            MAX_WAIT.as_secs()
        ),
    )
}

pub(in crate::api) fn idempotency_key() -> Parameter {
    header(
        "Idempotency-Key",
        "A token, a UUID, or a string in double quotes, of 1 to 255 characters, such as `7d0c1a52`: new \
         for each submission. The same key and body again gives the same task for 24 hours, the same \
         key and another body a 422.",
    )
}

/// What Azure's clients send for the same purpose.
pub(in crate::api) fn repeatability() -> [Parameter; 2] {
    [
        header(
            "Repeatability-Request-ID",
            "The same as `Idempotency-Key`, with `Repeatability-First-Sent` beside it (OASIS \
             Repeatable Requests 1.0).",
        ),
        header(
            "Repeatability-First-Sent",
            "When the request was first sent, as a date of HTTP: within the last 23 hours.",
        ),
    ]
}

pub(in crate::api) fn traceparent() -> Parameter {
    header(
        "traceparent",
        "The client's trace (W3C Trace Context), carried through message and record, such as \
         `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.",
    )
}

pub(in crate::api) fn if_match() -> Parameter {
    header(
        "If-Match",
        "Only if the monitor still has this `ETag` (or one of several, or any: `*`). 412 otherwise.",
    )
}

pub(in crate::api) fn if_none_match() -> Parameter {
    header(
        "If-None-Match",
        "The `ETag` of the monitor the client has, such as `\"3\"`: 304 if it is still the same.",
    )
}

pub(in crate::api) fn api_version() -> Parameter {
    query(
        "api-version",
        "Sent by Azure's SDKs, such as `2026-01-01`; any value asks for the monitor in the reply.",
        text(None),
    )
}

/// A text in the path.
pub(in crate::api) fn path_text(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(text(None)))
        .build()
}

/// An optional text in the query.
pub(in crate::api) fn query_text(name: &str, description: &str) -> Parameter {
    query(name, description, text(None))
}

/// The token of a callback.
pub(in crate::api) fn callback_token() -> Parameter {
    ParameterBuilder::new()
        .name("token")
        .parameter_in(ParameterIn::Query)
        .required(Required::True)
        .description(Some(
            "The token of the attempt, as `Task-Callback` has it in its URL.",
        ))
        .schema(Some(text(None)))
        .build()
}

/// A message's id in the path.
pub(in crate::api) fn message_id() -> Parameter {
    ParameterBuilder::new()
        .name("message_id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(
            "The id of the message. Another text is an unknown message.",
        ))
        .schema(Some(text(None)))
        .build()
}

/// A whole number in the query, in a range and with a default.
pub(in crate::api) fn number(
    name: &str,
    default: i64,
    least: i64,
    most: i64,
    description: &str,
) -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(least))
        .maximum(Some(most))
        .default(Some(json!(default)))
        .build();
    query(name, description, Schema::from(schema))
}

/// A text in the query.
pub(in crate::api) fn text_query(name: &str, description: &str) -> Parameter {
    query(name, description, text(None))
}

/// The query of a listing.
pub(in crate::api) fn listing() -> Vec<Parameter> {
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
            Ref::from_schema_name("Status"),
        ),
        query(
            "kind",
            "Only tasks of this kind, such as `fibonacci`.",
            text(None),
        ),
        query(
            "createdAfter",
            "Only tasks created after this time (RFC 3339).",
            time(),
        ),
        query(
            "createdBefore",
            "Only tasks created before this time (RFC 3339).",
            time(),
        ),
        label(),
        query("top", "How many a page holds at most.", Schema::from(top)),
        query(
            "continuationToken",
            "Where the listing goes on: as `nextLink` has it, with the same filters.",
            text(None),
        ),
    ]
}

/// The query of a listing of dead letters.
pub(in crate::api) fn letters() -> Vec<Parameter> {
    let paging = listing()
        .into_iter()
        .filter(|parameter| ["top", "continuationToken"].contains(&&*parameter.name));
    letter_filters().into_iter().chain(paging).collect()
}

/// The query of what is done to many dead letters.
pub(in crate::api) fn bulk() -> Vec<Parameter> {
    let flag = || Schema::from(ObjectBuilder::new().schema_type(Type::Boolean).build());
    let mut parameters = letter_filters();
    parameters.push(query(
        "all",
        "Where there is no filter: that all dead letters are meant.",
        flag(),
    ));
    parameters.push(query(
        "dryRun",
        "Only tells how many dead letters are meant.",
        flag(),
    ));
    parameters
}

fn letter_filters() -> Vec<Parameter> {
    let time = || text(Some(KnownFormat::DateTime));
    vec![
        query(
            "kind",
            "Only tasks of this kind, such as `fibonacci`.",
            text(None),
        ),
        query(
            "errorCode",
            "Only those whose error has this code, such as `TimeLimitExceeded`.",
            text(None),
        ),
        label(),
        query(
            "failedAfter",
            "Only those that failed after this time (RFC 3339).",
            time(),
        ),
        query(
            "failedBefore",
            "Only those that failed before this time (RFC 3339).",
            time(),
        ),
        query(
            "text",
            "Only those with this text in the message of their error, in their input or in their message.",
            text(None),
        ),
    ]
}

fn label() -> Parameter {
    query(
        "label",
        "Only tasks with this label, such as `customer:4711`. Several times, with an `&` between: only those with \
         all of them.",
        text(None),
    )
}

fn header(name: &str, description: &str) -> Parameter {
    optional(ParameterIn::Header, name, description, text(None))
}

fn query(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    optional(ParameterIn::Query, name, description, schema)
}

fn optional(
    location: ParameterIn,
    name: &str,
    description: &str,
    schema: impl Into<RefOr<Schema>>,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(location)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn text(format: Option<KnownFormat>) -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(format.map(SchemaFormat::KnownFormat))
        .build()
        .into()
}
