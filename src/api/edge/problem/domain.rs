//! What the domain's errors become.

use std::fmt;

use super::code::Code;
use super::document::{CANCELED, ItemOutcome};
use super::{Problem, RETRY_AFTER_SECONDS};
use engine::limits::LONGEST_DELAY;
use engine::{RecordError, Start, SubmitError, TaskError, UnreadableRecord};
use ports::StorageError;
use work::InvalidInput;

impl Problem {
    /// A task that failed, where its result was asked for.
    pub(in crate::api) fn task_failed(error: &TaskError) -> Self {
        Self::new(Code::OfTask(error.code.clone()), error.message.clone())
    }

    /// A task that was canceled, where its result was asked for.
    pub(in crate::api) fn task_canceled() -> Self {
        Self::new(Code::TaskCanceled, CANCELED)
    }

    /// The input's fields are told as the client sent them: below `prefix`.
    pub(in crate::api) fn invalid_input(invalid: &InvalidInput, prefix: &str) -> Self {
        let target = [prefix, &invalid.field]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(".");
        Self::invalid(&target, invalid.message.clone())
    }

    /// `prefix` is where the client put the input: `input`, or nowhere in R0's form.
    pub(in crate::api) fn submit(error: SubmitError, prefix: &str) -> Self {
        match error {
            SubmitError::UnknownKind { known } => {
                let detail = format!("kind must be one that is known here: {known}");
                Self::new(Code::UnknownKind, detail).target("kind")
            }
            SubmitError::InvalidInput(invalid) => Self::invalid_input(&invalid, prefix),
            SubmitError::TooFar(start) => Self::too_far(start),
            SubmitError::QueueFull => Self::new(
                Code::TooManyTasks,
                "too many tasks are waiting; try again later",
            )
            .retry_after(RETRY_AFTER_SECONDS),
            SubmitError::Storage(error) => Self::storage(&error),
            SubmitError::Unknown { cause, .. } => Self::outcome_unknown(&cause),
            SubmitError::Unreadable(error) => Self::unreadable(&error),
        }
    }

    /// A start that is too far away.
    fn too_far(start: Start) -> Self {
        let field = match start {
            Start::At(_) => "startAfter",
            Start::AtOnce | Start::After(_) => "delay",
        };
        let days = LONGEST_DELAY.as_secs() / (24 * 60 * 60);
        Self::invalid(field, format!("{field} must be within {days} days"))
    }

    /// Logs the cause, once, and says no more than that we cannot serve now.
    pub(in crate::api) fn storage(error: &StorageError) -> Self {
        log::warn!("{error}");
        Self::new(
            Code::StorageUnavailable,
            "storage cannot be reached now; nothing was changed",
        )
        .retry_after(RETRY_AFTER_SECONDS)
    }

    /// Storage was asked to write, and nobody knows whether it did. Logs the cause, once.
    pub(in crate::api) fn outcome_unknown(cause: &StorageError) -> Self {
        log::warn!("outcome unknown: {cause}");
        Self::new(
            Code::OutcomeUnknown,
            "storage did not answer in time; what was asked for may be done all the same: look, or send the \
             same again",
        )
        .retry_after(RETRY_AFTER_SECONDS)
    }

    /// Of many, storage took in some, or may have.
    pub(in crate::api) fn partly_accepted(tasks: Vec<ItemOutcome>) -> Self {
        let detail =
            "not all of the tasks are known to be accepted; `tasks` tells what became of each";
        Self {
            tasks: Some(Box::new(tasks.into())),
            ..Self::new(Code::OutcomeUnknown, detail).retry_after(RETRY_AFTER_SECONDS)
        }
    }

    /// What the store holds of the task cannot be understood: by nobody, or not by this process.
    fn unreadable(record: &UnreadableRecord) -> Self {
        if !record.is_newer() {
            return Self::internal(record);
        }
        log::warn!("{record}");
        Self::newer_version()
    }

    /// A newer version of the service has the task.
    pub(super) fn newer_version() -> Self {
        Self::new(
            Code::NewerVersion,
            "a newer version of the service has the task, and this process cannot tell of it; \
             nothing was changed",
        )
        .retry_after(RETRY_AFTER_SECONDS)
    }

    /// A defect of ours: logged under an id that the client gets to see, and nothing else.
    pub(in crate::api) fn internal(cause: &dyn fmt::Display) -> Self {
        let id = uuid::Uuid::new_v4();
        log::error!("error.id" = id.to_string().as_str(); "internal error: {cause}");
        Self::new(
            Code::InternalError,
            format!("an internal error, logged as {id}"),
        )
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Storage(error) if error.is_unanswered() => Self::outcome_unknown(&error),
            RecordError::Storage(error) => Self::storage(&error),
            RecordError::Unreadable(error) => Self::unreadable(&error),
        }
    }
}
