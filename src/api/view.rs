//! What a client sees of a record: the status monitor, in the words of Azure's guidelines for
//! long-running operations.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::ports::Timestamp;
use crate::tasks::{TaskError, TaskId, TaskRecord, TaskState, TaskStatus};

/// The status monitor of a task.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskView<'a> {
    id: TaskId,
    kind: &'a str,
    status: &'static str,
    #[serde(with = "crate::timestamp")]
    created_date_time: Timestamp,
    #[serde(with = "crate::timestamp")]
    last_action_date_time: Timestamp,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_complete: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a TaskError>,
}

impl<'a> From<&'a TaskRecord> for TaskView<'a> {
    fn from(record: &'a TaskRecord) -> Self {
        let (mut percent_complete, mut result, mut error) = (None, None, None);
        match &record.state {
            TaskState::Queued | TaskState::Canceled => {}
            TaskState::Running { percent } => percent_complete = *percent,
            TaskState::Succeeded { result: value } => result = Some(&**value),
            TaskState::Failed { error: value } => error = Some(value),
        }
        Self {
            id: record.id,
            kind: &record.kind,
            status: azure_status(record.status()),
            created_date_time: record.created_at,
            last_action_date_time: record.updated_at,
            attempts: record.attempts,
            percent_complete,
            result,
            error,
        }
    }
}

/// The spelling of Azure's guidelines.
fn azure_status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Queued => "NotStarted",
        TaskStatus::Running => "Running",
        TaskStatus::Succeeded => "Succeeded",
        TaskStatus::Failed => "Failed",
        TaskStatus::Canceled => "Canceled",
    }
}
