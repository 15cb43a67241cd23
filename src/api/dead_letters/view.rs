//! What an operator sees of a dead letter.

use actix_web::HttpRequest;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api::edge::base_url::base_url;
use crate::api::edge::problem::ErrorObject;
use crate::api::edge::state::Api;
use engine::{Acted, DeadLetter, Labels, LetterBody, TaskId, TaskStatus};
use ports::Timestamp;

/// A failed task, or a message that names no task.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetter)]
pub(in crate::api) struct LetterView<'a> {
    /// The id of the task; of a message, that of the task that it becomes when it is replayed with an
    /// input.
    #[schema(value_type = String, format = Uuid)]
    id: TaskId,
    /// `TaskFailed`, or `NoTask` of a message that names none.
    reason: &'static str,
    /// The kind of work of a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    kind: Option<&'a str>,
    /// What the client of a task calls it.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    labels: &'a Labels,
    /// The last error.
    #[schema(value_type = ErrorObject<'static>)]
    error: ErrorObject<'a>,
    /// How often the work was begun.
    attempts: u32,
    /// When the task was submitted.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    created_date_time: Timestamp,
    /// When it failed, or was given up.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    failed_date_time: Timestamp,
    /// The input of the task. A list leaves it out when it is larger than 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    input: Option<&'a RawValue>,
    /// Where an input is that is left out for its size.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uri", required = false)]
    resource_location: Option<String>,
    /// What a message says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    message: Option<&'a str>,
    /// The queue that a message was given up in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    queue: Option<&'a str>,
    /// When somebody whom a rule sent it to had taken it. It is listed no more.
    #[serde(with = "ports::timestamp::option")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, nullable = false)]
    settled_date_time: Option<Timestamp>,
    /// What rules did about it, the oldest first. A list leaves it out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    actions: Vec<ActionView<'a>>,
}

/// What a rule did about a dead letter, or does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetterAction)]
pub(in crate::api) struct ActionView<'a> {
    /// The name of the rule.
    rule: &'a str,
    /// What it says: `replay`, `repair`, `notify` or `mail`.
    action: &'a str,
    /// The task that does it, which is also at `/api/operations/{id}`.
    #[schema(value_type = String, format = Uuid)]
    operation: TaskId,
    /// When that was made.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    created_date_time: Timestamp,
    /// Which failure it is for: a task may have failed since.
    #[serde(with = "ports::timestamp")]
    #[schema(value_type = String, format = DateTime)]
    failed_date_time: Timestamp,
    /// How it stands, in the words of a monitor; absent when its record has gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    status: Option<&'a str>,
    /// When that changed last.
    #[serde(with = "ports::timestamp::option")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, nullable = false)]
    last_action_date_time: Option<Timestamp>,
    /// Why it failed, or why its last attempt did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ErrorObject<'static>, required = false)]
    error: Option<ErrorObject<'a>>,
}

impl<'a> From<&'a Acted> for ActionView<'a> {
    fn from(acted: &'a Acted) -> Self {
        let stands = acted.stands.as_ref();
        Self {
            rule: &acted.rule,
            action: &acted.action,
            operation: acted.task,
            created_date_time: acted.begun_at,
            failed_date_time: acted.failed_at,
            status: stands.map(|stands| stands.status),
            last_action_date_time: stands.map(|stands| stands.since),
            error: stands.and_then(|stands| Some(stands.error.as_ref()?.into())),
        }
    }
}

impl<'a> LetterView<'a> {
    /// What the client of this request sees of it.
    pub(super) fn new(letter: &'a DeadLetter, request: &HttpRequest, api: &Api) -> Self {
        let (mut input, mut message, mut queue) = (None, None, None);
        let mut resource_location = None;
        match &letter.body {
            LetterBody::Task { input: held } => input = held.as_deref(),
            LetterBody::LargeTask => {
                let base = base_url(request, api.public_base_url.as_deref());
                resource_location = Some(format!("{base}/api/dead-letters/{}", letter.id));
            }
            LetterBody::Message { text, queue: of } => {
                (message, queue) = (Some(&**text), Some(&**of));
            }
        }
        Self {
            id: letter.id,
            reason: match message {
                None => "TaskFailed",
                Some(_) => "NoTask",
            },
            kind: letter.kind.as_deref(),
            labels: &letter.labels,
            error: (&letter.error).into(),
            attempts: letter.attempts,
            created_date_time: letter.created_at,
            failed_date_time: letter.failed_at,
            input,
            resource_location,
            message,
            queue,
            settled_date_time: letter.settled_at,
            actions: Vec::new(),
        }
    }

    /// The same with what rules did about it.
    pub(super) fn with(self, acted: &'a [Acted]) -> Self {
        let is_repair =
            |acted: &&Acted| acted.action == "repair" && acted.failed_at == self.failed_date_time;
        let repairs = acted.iter().filter(is_repair);
        let mut repairs = repairs.filter_map(|repair| repair.stands.as_ref());
        let settled = repairs.find(|stands| stands.status == TaskStatus::Succeeded.shown());
        Self {
            settled_date_time: self
                .settled_date_time
                .or_else(|| settled.map(|stands| stands.since)),
            actions: acted.iter().map(ActionView::from).collect(),
            ..self
        }
    }
}

/// A page of dead letters.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetterList)]
pub(in crate::api) struct LetterList<'a> {
    /// The dead letters, newest first.
    pub(super) value: Vec<LetterView<'a>>,
    /// Where the next page is; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_link: Option<String>,
}

/// A message that was sent to its queue again.
#[derive(Serialize)]
pub(in crate::api) struct Sent<'a> {
    pub(super) id: TaskId,
    pub(super) queue: &'a str,
}

/// What a dry run found.
#[derive(Serialize)]
pub(in crate::api) struct Counted {
    /// How many dead letters are meant.
    pub(super) count: usize,
}
