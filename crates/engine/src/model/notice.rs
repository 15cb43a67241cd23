//! What is told of the end of a task: the input of the kind that tells it, and the id of the task that does.

use hmac::Hmac;
use serde::Serialize;
use sha2::Sha256;

use crate::model::id::TaskId;
use crate::model::task::{TaskError, TaskRecord, TaskState};
use ports::Timestamp;

/// The kind that tells it, which a process has whose operator allows hosts to be told.
pub const NOTICE_KIND: &str = "callback";

/// The id of the task that tells the end of this round of a task's attempts: the same whoever makes it, and however
/// late, see [`TaskId::of_parts`].
pub(crate) fn notice_task(
    key: Hmac<Sha256>,
    ended: TaskId,
    round: u32,
    ended_at: Timestamp,
) -> TaskId {
    TaskId::of_parts(ended_at, key, [&*ended.text(), "end", &round.to_string()])
}

/// The input of [`NOTICE_KIND`].
#[derive(Debug, Serialize)]
pub(crate) struct Notice<'a> {
    /// Where it is told.
    url: &'a str,
    /// What is told.
    event: Event<'a>,
}

/// An event as Standard Webhooks shapes it.
#[derive(Debug, Serialize)]
struct Event<'a> {
    r#type: &'static str,
    #[serde(with = "ports::timestamp")]
    timestamp: Timestamp,
    data: Data<'a>,
}

/// The task, in the words of its monitor. Its result is fetched: it may be large, and secret.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    id: TaskId,
    kind: &'a str,
    status: &'static str,
    #[serde(with = "ports::timestamp")]
    created_date_time: Timestamp,
    #[serde(with = "ports::timestamp")]
    last_action_date_time: Timestamp,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a TaskError>,
}

impl<'a> Notice<'a> {
    /// What is told of this task at this URL. Of one that has not ended it is what would be, for a check.
    pub(crate) fn of(record: &'a TaskRecord, url: &'a str) -> Self {
        let error = match &record.state {
            TaskState::Failed { error } => Some(error),
            _ => None,
        };
        Self {
            url,
            event: Event {
                r#type: "task.ended",
                timestamp: record.updated_at,
                data: Data {
                    id: record.id,
                    kind: &record.kind,
                    status: record.status().shown(),
                    created_date_time: record.created_at,
                    last_action_date_time: record.updated_at,
                    attempts: record.attempts,
                    error,
                },
            },
        }
    }
}
