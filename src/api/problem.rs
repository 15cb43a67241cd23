//! The one document in which every failure leaves (RFC 9457, with Azure's `error` object beside it).
//!
//! A handler returns `Err(Problem)`; [`render`], the outermost middleware, writes it, because the
//! document names the request. Failures that actix-web itself makes pass through the same place.

use std::fmt;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, ResponseError};
use futures_util::FutureExt;
use serde::Serialize;
use utoipa::ToSchema;

use super::base_url::base_url;
use super::headers::{NO_STORE, X_MS_ERROR_CODE};
use super::memory::{Held, SMALL};
use super::paced::PacedBody;
use super::requests;
use super::state::Api;
use crate::ports::StorageError;
use crate::tasks::kinds::InvalidInput;
use crate::tasks::{KeyedSubmitError, RecordError, SubmitError, TaskError};

/// Seconds a client should wait when storage or the queue cannot take more now.
const RETRY_AFTER_SECONDS: u32 = 5;

/// A failure, as the client sees it. The title and the type follow from the code.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    /// Stable, for programs: `PascalCase`.
    code: String,
    detail: String,
    /// The field at fault, as a path into the body.
    target: Option<String>,
    allow: Option<String>,
    retry_after: Option<u32>,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            target: None,
            allow: None,
            retry_after: None,
        }
    }

    pub(super) fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    pub(super) fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn unprocessable(code: &str, target: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).target(target)
    }

    pub(super) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", detail)
    }

    pub(super) fn method_not_allowed(allow: String) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "this resource does not know the method",
            )
        }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "InvalidKey",
            "this route needs a key, in the header x-functions-key or the query parameter code",
        )
    }

    pub(super) fn conflict(detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", detail)
    }

    pub(super) fn too_many_waiters() -> Self {
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
    pub(super) fn overloaded() -> Self {
        Self {
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Overloaded",
                "too many large requests and replies are under way; nothing was changed",
            )
        }
    }

    /// A task that failed, where its result was asked for.
    pub(super) fn task_failed(error: &TaskError) -> Self {
        Self::new(
            StatusCode::FAILED_DEPENDENCY,
            error.code.clone(),
            error.message.clone(),
        )
    }

    /// The input's fields are told as the client sent them: below `prefix`.
    pub(super) fn invalid_input(invalid: &InvalidInput, prefix: &str) -> Self {
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
    pub(super) fn storage(error: &StorageError) -> Self {
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

    /// A defect of ours: logged under an id that the client gets to see, and nothing else.
    pub(super) fn internal(cause: &dyn fmt::Display) -> Self {
        let id = uuid::Uuid::new_v4();
        log::error!("error.id" = id.to_string().as_str(); "internal error: {cause}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("an internal error, logged as {id}"),
        )
    }

    /// From a failure that actix-web made, of which only the status is known to be safe.
    fn from_status(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Error");
        Self::new(
            status,
            reason.split([' ', '-']).map(pascal).collect::<String>(),
            reason,
        )
    }

    /// The document, for a client that knows us under `base`.
    pub(super) fn document(&self, base: &str, instance: &str) -> String {
        let words = words(&self.code);
        let title = {
            let mut title = words.join(" ");
            title.get_mut(..1).map(str::make_ascii_uppercase);
            title
        };
        let document = Document {
            r#type: format!("{base}/problems/{}", words.join("-")),
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
pub(super) struct Document<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    error: ErrorObject<'a>,
}

/// The failure, as Azure's clients read it.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorObject<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    target: Option<&'a str>,
}

impl<'a> ErrorObject<'a> {
    /// Of a task, whose input is not at fault in any one field.
    pub(super) fn new(code: &'a str, message: &'a str) -> Self {
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
            RecordError::Unreadable(error) => Self::internal(&error),
        }
    }
}

impl Problem {
    /// `prefix` is where the client put the input: `input`, or nowhere in R0's form.
    pub(super) fn submit(error: SubmitError, prefix: &str) -> Self {
        match error {
            SubmitError::UnknownKind => {
                Self::unprocessable("UnknownKind", "kind", "no such kind of work is known here")
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
            SubmitError::Unreadable(error) => Self::internal(&error),
        }
    }
}

impl Problem {
    /// As [`submit`](Self::submit), with an idempotency key.
    pub(super) fn keyed_submit(error: KeyedSubmitError, prefix: &str) -> Self {
        match error {
            KeyedSubmitError::OtherSubmission => Self::unprocessable(
                "IdempotencyKeyReused",
                "Idempotency-Key",
                "the key was used for another submission",
            ),
            KeyedSubmitError::InProgress => Self {
                retry_after: Some(1),
                ..Self::conflict("the first submission with this key is still being accepted")
            },
            KeyedSubmitError::Submit(error) => Self::submit(error, prefix),
        }
    }
}

/// The memory for a reply that is large, and its length. A handler that must not be refused it has
/// left it with its reply.
fn hold(
    response: &mut ServiceResponse<impl MessageBody>,
) -> Result<Option<(usize, Held)>, Problem> {
    let BodySize::Sized(length) = response.response().body().size() else {
        return Ok(None);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if let Some(held) = response.response_mut().extensions_mut().remove() {
        return Ok(Some((length, held)));
    }
    match response.request().app_data::<Api>() {
        Some(api) if length > SMALL => Ok(Some((length, api.memory.hold(length)?))),
        _ => Ok(None),
    }
}

/// The outermost middleware: writes the document of every failed request, lets no reply hold more
/// memory than there is, and counts what is answered.
pub(crate) fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> impl Future<Output = Result<ServiceResponse<BoxBody>, actix_web::Error>> {
    // Not awaited here: that would keep the request's memory twice.
    rendered(request, next).map(|rendered| rendered.inspect(requests::count))
}

async fn rendered(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let status = response.status();
    let is_bare = matches!(
        response.response().body().size(),
        BodySize::None | BodySize::Sized(0)
    );
    let problem = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(problem) => problem.clone(),
            None if status.is_server_error() => Problem::internal(error),
            None => Problem::from_status(status),
        },
        None if status.is_client_error() && is_bare => Problem {
            allow: response
                .headers()
                .get(ALLOW)
                .and_then(|allow| allow.to_str().ok())
                .map(str::to_owned),
            ..Problem::from_status(status)
        },
        None => match hold(&mut response) {
            Ok(None) => return Ok(response.map_into_boxed_body()),
            Ok(Some((length, held))) => {
                return Ok(response
                    .map_body(|_, body| BoxBody::new(PacedBody::new(body.boxed(), length, held))));
            }
            Err(problem) => problem,
        },
    };
    let request = response.request().clone();
    let configured = request
        .app_data::<Api>()
        .and_then(|api| api.public_base_url.as_deref());
    let document = problem.document(&base_url(&request, configured), request.path());

    let mut reply = HttpResponse::build(problem.status);
    reply
        .content_type("application/problem+json")
        .insert_header((CACHE_CONTROL, NO_STORE))
        .insert_header((X_MS_ERROR_CODE, problem.code.as_str()));
    if let Some(allow) = problem
        .allow
        .as_deref()
        .and_then(|allow| HeaderValue::from_str(allow).ok())
    {
        reply.insert_header((ALLOW, allow));
    }
    if let Some(seconds) = problem.retry_after {
        reply.insert_header((RETRY_AFTER, seconds));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        reply.insert_header((WWW_AUTHENTICATE, "FunctionsKey"));
    }
    Ok(ServiceResponse::new(request, reply.body(document)).map_into_boxed_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_one_of_the_contract() {
        let problem =
            Problem::unprocessable("InvalidNumber", "number", "number must be an integer");
        assert_eq!(
            problem.document("http://localhost:7071", "/api/tasks"),
            concat!(
                r#"{"type":"http://localhost:7071/problems/invalid-number","title":"Invalid number","#,
                r#""status":422,"detail":"number must be an integer","instance":"/api/tasks","#,
                r#""error":{"code":"InvalidNumber","message":"number must be an integer","target":"number"}}"#
            )
        );
    }

    #[test]
    fn an_input_field_is_named_where_the_client_put_it() {
        let invalid = InvalidInput::new("number", "number must be an integer");
        assert_eq!(
            Problem::invalid_input(&invalid, "").target.as_deref(),
            Some("number")
        );
        let nested = Problem::invalid_input(&invalid, "input");
        assert_eq!(nested.target.as_deref(), Some("input.number"));
        assert_eq!(nested.code, "InvalidNumber");
        let whole = Problem::invalid_input(&InvalidInput::new("", "not an object"), "input");
        assert_eq!(
            (whole.target.as_deref(), whole.code.as_str()),
            (Some("input"), "InvalidInput")
        );
    }

    #[test]
    fn a_status_of_the_framework_gets_a_code_of_its_own() {
        let problem = Problem::from_status(StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(problem.code, "PayloadTooLarge");
    }
}
