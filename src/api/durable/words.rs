//! How an instance is, in Durable Functions' words.

use engine::{TaskRecord, TaskState};
use ports::Timestamp;

/// When an instance began, the last time.
pub(super) fn began_at(record: &TaskRecord) -> Timestamp {
    let instance = record.instance.as_deref();
    instance
        .and_then(|instance| instance.began_at)
        .unwrap_or(record.created_at)
}

/// How an instance is, in Durable Functions' words.
pub(super) fn runtime_status(record: &TaskRecord) -> &'static str {
    let is_suspended = record
        .instance
        .as_deref()
        .is_some_and(|instance| instance.suspended);
    match &record.state {
        TaskState::Succeeded { .. } => "Completed",
        TaskState::Failed { .. } => "Failed",
        TaskState::Canceled => "Terminated",
        _ if is_suspended => "Suspended",
        TaskState::Running { .. } => "Running",
        TaskState::Queued { .. } => "Pending",
    }
}
