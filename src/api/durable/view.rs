//! An instance as Durable Functions' clients see it.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use utoipa::ToSchema;

use super::events::Event;
use super::ids::shown;
use super::words::{began_at, runtime_status};
use engine::{TaskRecord, TaskState};
use ports::Timestamp;

/// Times are to the second.
const TO_THE_SECOND: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// How an instance is, as clients know it. The order of the fields is that of Durable Functions, and nulls are
/// written.
#[derive(Serialize, ToSchema)]
#[schema(as = OrchestrationStatus)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct StatusView<'a> {
    /// The name of the workflow.
    name: &'a str,
    /// What the instance is called.
    #[schema(value_type = String)]
    instance_id: Cow<'a, str>,
    /// `Pending`, `Running`, `Suspended`, `Completed`, `Failed` or `Terminated`.
    runtime_status: &'static str,
    /// What it was begun with; null when that was not asked for.
    #[schema(value_type = serde_json::Value)]
    input: Option<&'a RawValue>,
    /// What the workflow says of itself.
    #[schema(value_type = serde_json::Value)]
    custom_status: Option<&'a RawValue>,
    /// The result; of one that has failed, why; of one that was terminated or suspended, the reason.
    #[schema(value_type = serde_json::Value)]
    output: Output<'a>,
    /// When it began.
    #[serde(serialize_with = "to_the_second")]
    #[schema(value_type = String, format = DateTime)]
    created_time: Timestamp,
    /// When its record last changed.
    #[serde(serialize_with = "to_the_second")]
    #[schema(value_type = String, format = DateTime)]
    last_updated_time: Timestamp,
    /// What has happened, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<serde_json::Value>, required = false)]
    history_events: Option<Vec<Event<'a>>>,
}

/// What an instance has come to.
#[derive(Serialize)]
#[serde(untagged)]
enum Output<'a> {
    Result(&'a RawValue),
    Text(Option<&'a str>),
}

impl<'a> StatusView<'a> {
    pub(super) fn new(record: &'a TaskRecord, with_input: bool) -> Self {
        let instance = record.instance.as_deref();
        let reason = instance.and_then(|instance| instance.reason.as_deref());
        Self {
            name: &record.kind,
            instance_id: shown(record),
            runtime_status: runtime_status(record),
            input: record.input.as_deref().filter(|_| with_input),
            custom_status: instance.and_then(|instance| instance.custom_status.as_deref()),
            output: match &record.state {
                TaskState::Succeeded { result } => Output::Result(result),
                TaskState::Failed { error } => Output::Text(Some(&error.message)),
                TaskState::Canceled | TaskState::Queued { .. } | TaskState::Running { .. } => {
                    Output::Text(reason)
                }
            },
            created_time: began_at(record),
            last_updated_time: record.updated_at,
            history_events: None,
        }
    }

    pub(super) fn with_history(self, events: Vec<Event<'a>>) -> Self {
        Self {
            history_events: Some(events),
            ..self
        }
    }
}

fn to_the_second<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let time = time.to_offset(time::UtcOffset::UTC);
    serializer.serialize_str(&time.format(TO_THE_SECOND).unwrap_or_default())
}
