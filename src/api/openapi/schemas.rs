//! The schemas that no type of ours has: what a client may send, and results, which are any JSON.
//! The others are derived where the types are.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaFormat,
    Type,
};
use utoipa::openapi::{ComponentsBuilder, KnownFormat, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::values::{EXAMPLE_ID, any, uuid};
use crate::api::callbacks::schemas as callback_schemas;
use crate::api::dead_letters::schemas as letter_schemas;
use crate::api::dead_letters::view::{ActionView, LetterList, LetterView};
use crate::api::durable::schemas as durable_schemas;
use crate::api::durable::view::StatusView as InstanceView;
use crate::api::durable::{Purged, Uris};
use crate::api::edge::problem::{Document, ErrorObject, ItemOutcome};
use crate::api::enqueue::Enqueued;
use crate::api::kinds::view::{BackOffView, EndView, KindList, KindView, PolicyView, SeenView};
use crate::api::operations::history::{HistoryView, MembersView, StepView};
use crate::api::operations::listing::TaskList;
use crate::api::operations::view::{ListedView, Status, TaskView};
use crate::api::raw_queue::view::{
    ClearedQueue, Content, MessageView, Messages, PoppedMessage, QueueLength, UpdatedMessage,
    update_request,
};
use crate::api::request_status::schemas::customer;
use crate::api::service::health::Health;
use crate::api::status::StatusView;
use crate::api::tasks::NoResult;
use crate::api::tasks::schemas::submitted_task;
use engine::TaskStatus;
use engine::limits::{LABEL_LENGTH, LONGEST_DELAY, MAX_LABELS, MAX_SUBMISSIONS};

/// Adds all schemas, those included that others refer to. `kinds` are the names that a submission may have.
pub(in crate::api) fn add(components: ComponentsBuilder, kinds: &[String]) -> ComponentsBuilder {
    components
        .schema("Submissions", submissions())
        .schema("Submission", submission())
        .schema("NumberSubmission", number_submission())
        .schema("KindSubmission", kind_submission(kinds))
        .schema("SubmittedTask", Schema::from(submitted_task()))
        .schema("FetchedResult", fetched_result())
        .schema(
            "Result",
            any(
                "The result of the task, as its kind gives it: any JSON. The monitor for as long as \
                 there is none.",
            ),
        )
        .schema("Report", Schema::from(callback_schemas::report()))
        .schema("Replay", Schema::from(letter_schemas::edit()))
        .schema("ReplayedDeadLetter", Schema::from(letter_schemas::replayed()))
        .schema("ManyDeadLetters", Schema::from(letter_schemas::many()))
        .schema("AnyJson", durable_schemas::any_input())
        .schema("Instances", durable_schemas::instances())
        .schema_from::<Uris<'_>>()
        .schema_from::<InstanceView<'_>>()
        .schema_from::<Purged>()
        .schema_from::<HistoryView<'_>>()
        .schema_from::<StepView<'_>>()
        .schema_from::<MembersView>()
        .schema("Data", data())
        .schema("Customer", Schema::from(customer()))
        .schema("Description", description())
        .schema_from::<Enqueued>()
        .schema_from::<StatusView<'_>>()
        .schema_from::<NoResult<'_>>()
        .schema_from::<TaskView<'_>>()
        .schema_from::<TaskList<'_>>()
        .schema_from::<ListedView<'_>>()
        .schema_from::<Document<'_>>()
        .schema_from::<ErrorObject<'_>>()
        .schema_from::<ItemOutcome>()
        .schema_from::<Status>()
        .schema_from::<Number>()
        .schema_from::<Health>()
        .schema_from::<KindList<'_>>()
        .schema_from::<KindView<'_>>()
        .schema_from::<PolicyView>()
        .schema_from::<BackOffView>()
        .schema_from::<SeenView>()
        .schema_from::<EndView>()
        .schema_from::<LetterList<'_>>()
        .schema_from::<ActionView<'_>>()
        .schema_from::<LetterView<'_>>()
        .schema_from::<Content>()
        .schema_from::<MessageView>()
        .schema_from::<Messages>()
        .schema_from::<PoppedMessage>()
        .schema_from::<UpdatedMessage>()
        .schema("UpdateMessageRequest", Schema::from(update_request()))
        .schema_from::<ClearedQueue>()
        .schema_from::<QueueLength<'_>>()
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

fn submissions() -> Schema {
    let many = ArrayBuilder::new()
        .items(Ref::from_schema_name("Submission"))
        .min_items(Some(1))
        .max_items(Some(MAX_SUBMISSIONS))
        .description(Some(
            "Several. All are looked at before the first is accepted.",
        ));
    OneOfBuilder::new()
        .item(Ref::from_schema_name("Submission"))
        .item(many)
        .description(Some("One submission, or an array of them."))
        .into()
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
    let number = ObjectBuilder::new()
        .description(Some("A Fibonacci number to be computed."))
        .property("number", Ref::from_schema_name("Number"))
        .required("number");
    with_wishes(number).build().into()
}

/// The names are examples, not an `enum`: a client that was made before a kind came goes on with it.
fn kind_submission(kinds: &[String]) -> Schema {
    let names: Vec<_> = kinds.iter().map(|name| format!("`{name}`")).collect();
    let kind = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!(
            "The name of a registered kind: {}. `GET /api/kinds` tells more of each.",
            names.join(", ")
        )))
        .examples(kinds.iter().map(|name| json!(name)));
    let work = ObjectBuilder::new()
        .description(Some("Any kind of work."))
        .property("kind", kind)
        .property(
            "input",
            any("What the kind takes: its `inputSchema` in `GET /api/kinds`."),
        )
        .required("kind")
        .required("input");
    with_wishes(work)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .build()
        .into()
}

/// What a client may say of its task beside the work.
fn with_wishes(submission: ObjectBuilder) -> ObjectBuilder {
    let days = LONGEST_DELAY.as_secs() / (24 * 60 * 60);
    let time = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some(format!(
            "When the work may begin, within {days} days: no earlier, and at once when that is over."
        )));
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(LONGEST_DELAY.as_secs() as f64));
    let duration = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Duration)))
        .description(Some(
            "ISO 8601, in weeks, days, hours, minutes and whole seconds: `PT30S`, `P2D`.",
        ));
    let delay = OneOfBuilder::new()
        .item(seconds)
        .item(duration)
        .description(Some(
            "The same from now: in seconds, or as a duration. Only one of the two.",
        ));
    let label = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^[A-Za-z0-9_.:/=@+-]{{1,{LABEL_LENGTH}}}$")));
    let labels = ArrayBuilder::new()
        .items(label)
        .max_items(Some(MAX_LABELS))
        .unique_items(true)
        .description(Some(
            "What the client calls its task: the monitor shows it, and a listing finds it by `label`.",
        ));
    let url = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("uri".to_owned())))
        .description(Some(
            "Where the end of the task is told, by a signed `POST` (Standard Webhooks): https, at a host that the \
             operator allows.",
        ));
    submission
        .property("startAfter", time)
        .property("delay", delay)
        .property("labels", labels)
        .property("callbackUrl", url)
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

fn data() -> Schema {
    ObjectBuilder::new()
        .description(Some("Any JSON object that the kind takes."))
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

/// The monitor in the examples.
pub(in crate::api) fn monitor_example(status: TaskStatus) -> Value {
    let mut monitor = json!({
        "id": EXAMPLE_ID,
        "kind": "fibonacci",
        "status": status.shown(),
        "createdDateTime": "2026-11-21T11:37:42.284Z",
        "lastActionDateTime": "2026-11-21T11:37:42.287Z",
        "attempts": u8::from(status != TaskStatus::Queued),
    });
    if status == TaskStatus::Succeeded {
        monitor["result"] = result_example();
    }
    if status == TaskStatus::Canceled {
        monitor["error"] = json!(ErrorObject::canceled());
    }
    monitor
}

pub(in crate::api) fn result_example() -> Value {
    json!({ "number": 24, "calculation_result": "46368" })
}
