//! The document of a problem, as it is serialised and described.

use serde::Serialize;
use utoipa::ToSchema;

use super::code::Code;
use engine::TaskError;

/// What is said of a task that was canceled.
pub(super) const CANCELED: &str = "the task was canceled";

/// A problem document (RFC 9457), with Azure's `error` object.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(in crate::api) struct Document<'a> {
    /// What kind of problem it is: a name, the same under every address of the service, and not a
    /// place to look at.
    #[schema(format = "uri")]
    pub(super) r#type: String,
    /// The same for people.
    pub(super) title: String,
    /// The status of the reply.
    pub(super) status: u16,
    /// What went wrong this time, for people.
    #[schema(extensions(("x-ms-primary-error-message" = json!(true))))]
    pub(super) detail: &'a str,
    /// The path of the request.
    pub(super) instance: &'a str,
    /// The id of the task that the request would have made, where it is not known whether it did.
    #[serde(rename = "operationId", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) operation_id: Option<&'a str>,
    /// The monitor of that task.
    #[serde(rename = "operationLocation", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pub(super) operation_location: Option<&'a str>,
    /// What became of each of many that were submitted in one body, in their order, where not all were accepted.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    pub(super) tasks: &'a [ItemOutcome],
    pub(super) error: ErrorObject<'a>,
}

/// What became of one of many that were submitted in one body.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct ItemOutcome {
    /// `Accepted`, `NotAccepted`, or `Unknown`.
    pub(in crate::api) outcome: &'static str,
    /// The id of the task that there is, or may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(in crate::api) id: Option<String>,
    /// The monitor of that task.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pub(in crate::api) operation_location: Option<String>,
}

/// The failure, as Azure's clients read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(in crate::api) struct ErrorObject<'a> {
    /// What went wrong, for programs.
    pub(super) code: &'a str,
    /// The same for people.
    pub(super) message: &'a str,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) target: Option<&'a str>,
}

impl<'a> From<&'a TaskError> for ErrorObject<'a> {
    fn from(error: &'a TaskError) -> Self {
        Self::new(&error.code, &error.message)
    }
}

impl ErrorObject<'static> {
    /// What pollers read of a task that was canceled: they want an error of everything but a success.
    pub(in crate::api) fn canceled() -> Self {
        static CODE: Code = Code::TaskCanceled;
        Self::new(CODE.name(), CANCELED)
    }
}

impl<'a> ErrorObject<'a> {
    /// Of a task, whose input is not at fault in any one field.
    pub(in crate::api) fn new(code: &'a str, message: &'a str) -> Self {
        Self {
            code,
            message,
            target: None,
        }
    }
}
