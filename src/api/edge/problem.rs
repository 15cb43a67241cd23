//! The one document in which every failure leaves (RFC 9457, with Azure's `error` object beside it).
//!
//! A handler returns `Err(Problem)`; `rendering`, at the edge, sends it, because the document names the
//! request.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::headers::X_MS_ERROR_CODE;
use engine::{RecordError, SubmitError, TaskError, UnreadableRecord};
use ports::StorageError;
use work::InvalidInput;

/// Seconds a client should wait when storage or the queue cannot take more now.
const RETRY_AFTER_SECONDS: u64 = 5;

/// The longest name of what is at fault, in characters.
const MAX_TARGET: usize = 200;

/// How a key may be sent, for `WWW-Authenticate`.
const KEYS: HeaderValue = HeaderValue::from_static("FunctionsKey, Bearer");

/// A failure, as the client sees it. The title and the type follow from the code.
#[derive(Clone, Debug)]
pub(in crate::api) struct Problem {
    status: StatusCode,
    /// Stable, for programs: `PascalCase`.
    code: String,
    detail: String,
    /// The field at fault, as a path into the body.
    target: Option<String>,
    retry_after: Option<u64>,
    /// Headers of the reply that not every problem has.
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(in crate::api) fn new(
        status: StatusCode,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            target: None,
            retry_after: None,
            headers: Vec::new(),
        }
    }

    /// Names what is at fault, or its beginning: the name may be a client's.
    pub(in crate::api) fn target(mut self, target: impl Into<String>) -> Self {
        let mut target = target.into();
        if let Some((end, _)) = target.char_indices().nth(MAX_TARGET) {
            target.truncate(end);
        }
        self.target = Some(target);
        self
    }

    /// Adds a header to the reply, unless it is there.
    pub(in crate::api) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if self.headers.iter().all(|(known, _)| *known != name) {
            self.headers.push((name, value));
        }
        self
    }

    /// Seconds after which the same request may be granted.
    pub(in crate::api) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(in crate::api) fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(in crate::api) fn unprocessable(
        code: &str,
        target: &str,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).target(target)
    }

    pub(in crate::api) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", detail)
    }

    pub(in crate::api) fn method_not_allowed(allow: HeaderValue) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "this resource does not know the method",
        )
        .header(ALLOW, allow)
    }

    pub(in crate::api) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "InvalidKey",
            "this route needs a key: in the header x-functions-key, as Authorization: Bearer, or in \
             the query parameter code",
        )
        .header(WWW_AUTHENTICATE, KEYS)
    }

    /// Where no key would open.
    pub(in crate::api) fn no_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "NoKeySet",
            "this route needs a key, and the service has none yet: its operator can set API_KEY",
        )
        .header(WWW_AUTHENTICATE, KEYS)
    }

    pub(in crate::api) fn conflict(detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", detail)
    }

    pub(in crate::api) fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "the task is in another version than the request asks for; nothing was changed",
        )
    }

    pub(in crate::api) fn too_many_waiters() -> Self {
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyWaiters",
                "too many clients are waiting; ask without waiting, or later",
            )
        }
    }

    /// Too much memory is held, see `memory`.
    pub(in crate::api) fn overloaded() -> Self {
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Overloaded",
                "too many large requests and replies are under way; nothing was changed",
            )
        }
    }

    /// The process was told to stop: another one, or the next, does what is asked.
    pub(in crate::api) fn stopping() -> Self {
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Stopping",
                "the service is stopping; nothing was changed",
            )
        }
    }

    /// A task that failed, where its result was asked for.
    pub(in crate::api) fn task_failed(error: &TaskError) -> Self {
        Self::new(
            StatusCode::FAILED_DEPENDENCY,
            error.code.clone(),
            error.message.clone(),
        )
    }

    /// A task that was canceled, where its result was asked for.
    pub(in crate::api) fn task_canceled() -> Self {
        Self::new(StatusCode::GONE, CANCELED.code, CANCELED.message)
    }

    /// The input's fields are told as the client sent them: below `prefix`.
    pub(in crate::api) fn invalid_input(invalid: &InvalidInput, prefix: &str) -> Self {
        let target = [prefix, &invalid.field]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(".");
        let last = target.rsplit('.').next().unwrap_or_default();
        Self::unprocessable(
            &format!("Invalid{}", pascal(last)),
            &target,
            invalid.message.clone(),
        )
    }

    /// Logs the cause, once, and says no more than that we cannot serve now.
    pub(in crate::api) fn storage(error: &StorageError) -> Self {
        log::warn!("{error}");
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "StorageUnavailable",
                "storage cannot be reached now; nothing was changed",
            )
        }
    }

    /// What the store holds of the task cannot be understood: by nobody, or not by this process.
    fn unreadable(record: &UnreadableRecord) -> Self {
        if !record.is_newer() {
            return Self::internal(record);
        }
        log::warn!("{record}");
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "NewerVersion",
                "a newer version of the service has the task, and this process cannot tell of it; \
                 nothing was changed",
            )
        }
    }

    /// A defect of ours: logged under an id that the client gets to see, and nothing else.
    pub(in crate::api) fn internal(cause: &dyn fmt::Display) -> Self {
        let id = uuid::Uuid::new_v4();
        log::error!("error.id" = id.to_string().as_str(); "internal error: {cause}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("an internal error, logged as {id}"),
        )
    }

    /// From a failure that actix-web made, of which only the status is known to be safe.
    pub(in crate::api) fn from_status(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Error");
        Self::new(
            status,
            reason.split([' ', '-']).map(pascal).collect::<String>(),
            reason,
        )
    }

    /// The reply to a request for this path.
    pub(in crate::api) fn reply(self, instance: &str) -> HttpResponse {
        let document = self.document(instance);
        let mut reply = HttpResponse::build(self.status);
        reply
            .content_type("application/problem+json")
            .insert_header((X_MS_ERROR_CODE, self.code.as_str()));
        if let Some(seconds) = self.retry_after {
            reply.insert_header((RETRY_AFTER, seconds));
        }
        for header in self.headers {
            reply.insert_header(header);
        }
        reply.body(document)
    }

    /// The document about the request for `instance`.
    pub(in crate::api) fn document(&self, instance: &str) -> String {
        let words = words(&self.code);
        let title = {
            let mut title = words.join(" ");
            title.get_mut(..1).map(str::make_ascii_uppercase);
            title
        };
        let document = Document {
            r#type: format!("urn:problem-type:{}", words.join("-")),
            title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            error: ErrorObject {
                code: &self.code,
                message: &self.detail,
                target: self.target.as_deref(),
            },
        };
        serde_json::to_string(&document).unwrap_or_default()
    }
}

/// A problem document (RFC 9457), with Azure's `error` object.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(in crate::api) struct Document<'a> {
    /// What kind of problem it is: a name, the same under every address of the service, and not a
    /// place to look at.
    #[schema(format = "uri")]
    r#type: String,
    /// The same for people.
    title: String,
    /// The status of the reply.
    status: u16,
    /// What went wrong this time, for people.
    #[schema(extensions(("x-ms-primary-error-message" = json!(true))))]
    detail: &'a str,
    /// The path of the request.
    instance: &'a str,
    error: ErrorObject<'a>,
}

/// The failure, as Azure's clients read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(in crate::api) struct ErrorObject<'a> {
    /// What went wrong, for programs.
    code: &'a str,
    /// The same for people.
    message: &'a str,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    target: Option<&'a str>,
}

/// What pollers read of a task that was canceled: they want an error of everything but a success.
pub(in crate::api) const CANCELED: ErrorObject<'static> =
    ErrorObject::new("TaskCanceled", "the task was canceled");

impl<'a> From<&'a TaskError> for ErrorObject<'a> {
    fn from(error: &'a TaskError) -> Self {
        Self::new(&error.code, &error.message)
    }
}

impl<'a> ErrorObject<'a> {
    /// Of a task, whose input is not at fault in any one field.
    pub(in crate::api) const fn new(code: &'a str, message: &'a str) -> Self {
        Self {
            code,
            message,
            target: None,
        }
    }
}

/// The longest word a code takes from a field's name, in characters.
const MAX_CODE_WORD: usize = 40;

/// `InvalidNumber` -> `["invalid", "number"]`
fn words(code: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for character in code.chars() {
        match words.last_mut() {
            Some(word) if !character.is_ascii_uppercase() => word.push(character),
            _ => words.push(character.to_ascii_lowercase().to_string()),
        }
    }
    words
}

/// `number` -> `Number`; characters that do not belong into a code are left out, and so is what
/// is too long for one: the word may be a client's, and the code is sent as a header.
fn pascal(word: &str) -> String {
    let allowed = word.chars().filter(char::is_ascii_alphanumeric);
    let mut word: String = allowed.take(MAX_CODE_WORD).collect();
    word.get_mut(..1).map(str::make_ascii_uppercase);
    word
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Storage(error) => Self::storage(&error),
            RecordError::Unreadable(error) => Self::unreadable(&error),
        }
    }
}

impl Problem {
    /// `prefix` is where the client put the input: `input`, or nowhere in R0's form.
    pub(in crate::api) fn submit(error: SubmitError, prefix: &str) -> Self {
        match error {
            SubmitError::UnknownKind { known } => {
                let detail = format!("kind must be one that is known here: {known}");
                Self::unprocessable("UnknownKind", "kind", detail)
            }
            SubmitError::InvalidInput(invalid) => Self::invalid_input(&invalid, prefix),
            SubmitError::QueueFull => Self {
                retry_after: Some(RETRY_AFTER_SECONDS),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "TooManyTasks",
                    "too many tasks are waiting; try again later",
                )
            },
            SubmitError::Storage(error) => Self::storage(&error),
            SubmitError::Unreadable(error) => Self::unreadable(&error),
        }
    }
}

impl Problem {
    /// The key, in the header of this name, was used for something else.
    pub(in crate::api) fn key_reused(header: &str) -> Self {
        Self::unprocessable(
            "IdempotencyKeyReused",
            header,
            "the key was used for another submission",
        )
    }

    /// The first submission with the key has not come to its end.
    pub(in crate::api) fn still_being_accepted() -> Self {
        Self::conflict("the first submission with this key is still being accepted").retry_after(1)
    }
}

#[cfg(test)]
mod tests;
