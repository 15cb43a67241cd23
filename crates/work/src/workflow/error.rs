//! Why a step gave no result.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ErrorCode, Failure};

/// Why a step gave no result: that of the task that failed, or what was wrong with the step itself.
///
/// With `?` it ends the workflow with the same code and a message that names the step. A workflow that goes
/// on after a failure matches on it: `Err(error) if error.code.as_str() == "OutOfStock" => …`.
///
/// In JSON it is `{"code", "message"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// For programs.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
    /// Which step it was, as people are told it; empty before a step gave it.
    #[serde(skip)]
    step: String,
}

impl StepError {
    /// What is called has no name, or has two.
    pub const NOT_REGISTERED: ErrorCode = ErrorCode::literal("NotRegistered");

    /// There were more inputs than one step may have members.
    pub const TOO_MANY_MEMBERS: ErrorCode = ErrorCode::literal("TooManyMembers");

    /// The input of the step cannot be written as JSON.
    pub const INVALID_INPUT: ErrorCode = ErrorCode::literal("InvalidInput");

    /// The result of the step is not what the workflow takes it for.
    pub const INVALID_RESULT: ErrorCode = ErrorCode::literal("InvalidResult");

    /// The data of the event is not what the workflow takes it for.
    pub const INVALID_EVENT: ErrorCode = ErrorCode::literal("InvalidEvent");

    /// That a step failed, with a code for programs and a sentence for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            step: String::new(),
        }
    }

    /// The same, of this step.
    pub(super) fn of_step(mut self, step: impl Into<String>) -> Self {
        self.step = step.into();
        self
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.step.is_empty() {
            write!(f, "{} failed: ", self.step)?;
        }
        f.write_str(&self.message)
    }
}

/// For good: the step had its attempts.
impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        let message = error.to_string();
        Self::permanent(error.code, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Told;

    fn out_of_stock() -> StepError {
        StepError::new(ErrorCode::literal("OutOfStock"), "there are no more")
    }

    #[test]
    fn a_step_that_failed_ends_the_workflow_for_good_and_is_named() {
        let failure = Failure::from(out_of_stock().of_step("step 3 (reserve)"));
        assert_eq!(
            failure.told(),
            Told::Permanent {
                code: ErrorCode::literal("OutOfStock"),
                message: "step 3 (reserve) failed: there are no more".to_owned(),
            }
        );
    }

    #[test]
    fn an_error_in_json_has_no_more_than_code_and_message() {
        let json = serde_json::to_string(&out_of_stock().of_step("step 3")).unwrap();
        assert_eq!(
            json,
            r#"{"code":"OutOfStock","message":"there are no more"}"#
        );
        assert_eq!(
            serde_json::from_str::<StepError>(&json).unwrap(),
            out_of_stock()
        );
    }

    #[test]
    fn a_code_that_is_none_is_not_read() {
        let error = serde_json::from_str::<StepError>(r#"{"code":"out of stock","message":""}"#);
        let told = error.unwrap_err().to_string();
        assert!(told.contains("is no code of a failure"), "{told}");
    }
}
