//! What a client sees of a record: the status monitor, in the words of Azure's guidelines for
//! long-running operations.

use std::borrow::Cow;

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::api::edge::base_url::base_url;
use crate::api::edge::problem::ErrorObject;
use crate::api::edge::state::Api;
use engine::{Labels, TaskId, TaskRecord, TaskState, TaskStatus};
use ports::{Head, Timestamp};

/// The largest result that is part of a monitor, in bytes. A monitor is asked for again and again, and
/// most who ask want the status; what a message of a queue may have is little enough for that.
pub(in crate::api) const LARGEST_SHOWN: usize = 64 * 1024;

/// A task's status in a monitor.
pub(in crate::api) struct Status;

impl PartialSchema for Status {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "How far a task is. `NotStarted` and `Running` go on, the others are final.",
            ))
            .enum_values(Some(TaskStatus::ALL.map(TaskStatus::shown)))
            .into()
    }
}

impl ToSchema for Status {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Status")
    }
}

/// The status monitor of a task.
#[derive(Serialize, ToSchema)]
#[schema(as = Monitor)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct TaskView<'a> {
    /// The id of the task.
    #[schema(value_type = String, format = Uuid)]
    id: TaskId,
    /// The kind of work.
    kind: &'a str,
    #[schema(value_type = Status)]
    status: &'static str,
    /// When the task was submitted.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    created_date_time: Timestamp,
    /// When its record last changed.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    last_action_date_time: Timestamp,
    /// How often the work was begun.
    attempts: u32,
    /// When it is begun for the first time, at the earliest, where it was asked to wait for that.
    #[serde(
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = String, format = DateTime, required = false)]
    start_after: Option<Timestamp>,
    /// What its client calls it.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    labels: Cow<'a, Labels>,
    /// How far the work is, when its kind tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 100)]
    percent_complete: Option<u8>,
    /// What a workflow says of itself: any JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    custom_status: Option<&'a RawValue>,
    /// What the work came to, as its kind gives it: any JSON. Left out when it is larger than 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    result: Option<&'a RawValue>,
    /// Where a result is that is left out for its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uri", required = false)]
    resource_location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ErrorObject<'static>, required = false)]
    error: Option<ErrorObject<'a>>,
    /// Why the last attempt failed, when another follows. Not `error`: to pollers that is the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ErrorObject<'static>, required = false)]
    last_error: Option<ErrorObject<'a>>,
    /// When that one begins, at the earliest.
    #[serde(
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = String, format = DateTime, required = false)]
    next_attempt_date_time: Option<Timestamp>,
}

impl<'a> TaskView<'a> {
    /// What the client of this request sees.
    pub(in crate::api) fn new(record: &'a TaskRecord, request: &HttpRequest, api: &Api) -> Self {
        let (mut percent_complete, mut result, mut error) = (None, None, None);
        let mut resource_location = None;
        let instance = record.instance.as_deref();
        let custom_status = instance.and_then(|instance| instance.custom_status.as_deref());
        let (mut last_error, mut next_attempt_date_time) = (None, None);
        match &record.state {
            TaskState::Queued {
                due_at,
                last_error: e,
            } => {
                next_attempt_date_time = *due_at;
                last_error = e.as_deref().map(ErrorObject::from);
            }
            TaskState::Running { percent, .. } => percent_complete = *percent,
            TaskState::Succeeded { result: value } if value.get().len() > LARGEST_SHOWN => {
                resource_location = Some(result_url(record.id, request, api));
            }
            TaskState::Succeeded { result: value } => result = Some(&**value),
            TaskState::Failed { error: value } => error = Some(value.into()),
            TaskState::Canceled => error = Some(ErrorObject::canceled()),
        }
        Self {
            id: record.id,
            kind: &record.kind,
            status: record.status().shown(),
            created_date_time: record.created_at,
            last_action_date_time: record.updated_at,
            attempts: record.attempts,
            start_after: record.start_after(),
            labels: Cow::Borrowed(&record.labels),
            percent_complete: percent_complete.or_else(|| percent_in(custom_status?)),
            custom_status,
            result,
            resource_location,
            error,
            last_error,
            next_attempt_date_time,
        }
    }

    /// The same, but for what a workflow says of itself.
    pub(super) fn without_custom_status(self) -> Self {
        Self {
            custom_status: None,
            ..self
        }
    }

    /// The same of a task that has succeeded with a large result, by what a listing tells of it.
    pub(in crate::api) fn of_large_result(
        id: TaskId,
        head: &'a Head,
        request: &HttpRequest,
        api: &Api,
    ) -> Self {
        Self {
            id,
            kind: &head.kind,
            status: TaskStatus::Succeeded.shown(),
            created_date_time: head.created_at,
            last_action_date_time: head.updated_at,
            attempts: head.attempts,
            start_after: None,
            labels: Cow::Owned(Labels::of(head)),
            percent_complete: None,
            custom_status: None,
            result: None,
            resource_location: Some(result_url(id, request, api)),
            error: None,
            last_error: None,
            next_attempt_date_time: None,
        }
    }
}

/// How far a workflow says that it is, where its status is an object that tells.
fn percent_in(custom_status: &RawValue) -> Option<u8> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Told {
        percent_complete: f64,
    }
    let told: Told = serde_json::from_str(custom_status.get()).ok()?;
    let percent = told.percent_complete;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between these bounds"
    )]
    (0.0..=100.0).contains(&percent).then_some(percent as u8)
}

/// Where the result of a task is.
pub(in crate::api) fn result_url(id: TaskId, request: &HttpRequest, api: &Api) -> String {
    let base = base_url(request, api.public_base_url.as_deref());
    format!("{base}/api/operations/{id}/result")
}

/// The status monitor as a listing shows it: without its result, which is in the record, and with the
/// beginning of its error.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedMonitor)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct ListedView<'a> {
    /// The id of the task.
    #[schema(value_type = String, format = Uuid)]
    id: &'a str,
    /// The kind of work.
    kind: &'a str,
    #[schema(value_type = Status)]
    status: &'static str,
    /// When the task was submitted.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    created_date_time: Timestamp,
    /// When its record last changed.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    last_action_date_time: Timestamp,
    /// How often the work was begun.
    attempts: u32,
    /// When it is begun for the first time, at the earliest, where it was asked to wait for that.
    #[serde(
        with = "ports::timestamp::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = String, format = DateTime, required = false)]
    start_after: Option<Timestamp>,
    /// What its client calls it.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    labels: Labels,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ErrorObject<'static>, required = false)]
    error: Option<ErrorObject<'a>>,
}

impl<'a> ListedView<'a> {
    /// `None` for a head that is not written as ours are: a client knows no other status.
    pub(in crate::api) fn new(id: &'a str, head: &'a Head) -> Option<Self> {
        let status = TaskStatus::parse(&head.status)?;
        Some(Self {
            id,
            kind: &head.kind,
            status: status.shown(),
            created_date_time: head.created_at,
            last_action_date_time: head.updated_at,
            attempts: head.attempts,
            start_after: head.due_at().filter(|_| head.attempts == 0),
            labels: Labels::of(head),
            error: match status {
                TaskStatus::Canceled => Some(ErrorObject::canceled()),
                _ => head
                    .error
                    .as_ref()
                    .map(|error| ErrorObject::new(&error.code, &error.message)),
            },
        })
    }
}

/// The status that Azure's guidelines spell like this.
pub(in crate::api) fn status_of(text: &str) -> Option<TaskStatus> {
    TaskStatus::ALL
        .into_iter()
        .find(|status| status.shown() == text)
}
