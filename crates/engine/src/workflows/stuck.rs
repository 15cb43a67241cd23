//! Why an instance cannot go on, and errors of steps.

use crate::model::task::TaskError;
use crate::records::RecordError;
use ports::StorageError;
use work::ErrorCode;
use work::workflow::StepError;

/// Why an instance cannot go on.
#[derive(Debug)]
pub(super) enum Stuck {
    /// Its record, or a part of it, cannot be read now.
    Record(RecordError),
    /// Its code does not do what it did before, or is not there.
    Code {
        error: TaskError,
        /// Whether another process, or a later one, may do it.
        may_pass: bool,
    },
}

impl From<RecordError> for Stuck {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl From<StorageError> for Stuck {
    fn from(error: StorageError) -> Self {
        Self::Record(error.into())
    }
}

impl Stuck {
    pub(super) fn code(code: &str, message: impl Into<String>) -> Self {
        Self::Code {
            error: TaskError {
                code: code.to_owned(),
                message: message.into(),
            },
            may_pass: true,
        }
    }

    /// The code is defect, or waits for something that no journal has.
    pub(super) fn broken(why: String) -> Self {
        Self::Code {
            error: TaskError {
                code: "NonDeterministic".to_owned(),
                message: why,
            },
            may_pass: true,
        }
    }
}

/// An error of a step, by its code.
pub(super) fn step_error(code: &str, message: impl Into<String>) -> StepError {
    // A record may have any text for a code that a newer version has written.
    let code = ErrorCode::new(code).unwrap_or(UNKNOWN);
    StepError::new(code, message)
}

const UNKNOWN: ErrorCode = ErrorCode::literal("Unknown");
