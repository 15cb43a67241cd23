//! Problems that the edge itself has with a request, and those of several resources.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, WWW_AUTHENTICATE};

use super::code::Code;
use super::{Problem, RETRY_AFTER_SECONDS};

/// How a key may be sent, for `WWW-Authenticate`.
const KEYS: HeaderValue = HeaderValue::from_static("FunctionsKey, Bearer");

impl Problem {
    /// A value at this place is none of those it may be.
    pub(in crate::api) fn invalid(target: &str, detail: impl Into<String>) -> Self {
        Self::new(Code::invalid(target), detail).target(target)
    }

    pub(in crate::api) fn not_found(detail: &str) -> Self {
        Self::new(Code::NotFound, detail)
    }

    pub(in crate::api) fn method_not_allowed(allow: HeaderValue) -> Self {
        let detail = "this resource does not know the method";
        Self::new(Code::MethodNotAllowed, detail).header(ALLOW, allow)
    }

    pub(in crate::api) fn unauthorized() -> Self {
        Self::new(
            Code::InvalidKey,
            "this route needs a key: in the header x-functions-key, as Authorization: Bearer, or in \
             the query parameter code",
        )
        .header(WWW_AUTHENTICATE, KEYS)
    }

    /// Where no key would open.
    pub(in crate::api) fn no_key() -> Self {
        Self::new(
            Code::NoKeySet,
            "this route needs a key, and the service has none yet: its operator can set API_KEY",
        )
        .header(WWW_AUTHENTICATE, KEYS)
    }

    pub(in crate::api) fn conflict(detail: &str) -> Self {
        Self::new(Code::Conflict, detail)
    }

    pub(in crate::api) fn precondition_failed() -> Self {
        Self::new(
            Code::PreconditionFailed,
            "the task is in another version than the request asks for; nothing was changed",
        )
    }

    pub(in crate::api) fn too_many_waiters() -> Self {
        Self::new(
            Code::TooManyWaiters,
            "too many clients are waiting; ask without waiting, or later",
        )
        .retry_after(RETRY_AFTER_SECONDS)
    }

    /// Too much memory is held, see `memory`.
    pub(in crate::api) fn overloaded() -> Self {
        Self::new(
            Code::Overloaded,
            "too many large requests and replies are under way; nothing was changed",
        )
        .retry_after(RETRY_AFTER_SECONDS)
    }

    /// The process was told to stop: another one, or the next, does what is asked.
    pub(in crate::api) fn stopping() -> Self {
        Self::new(
            Code::Stopping,
            "the service is stopping; nothing was changed",
        )
        .retry_after(RETRY_AFTER_SECONDS)
    }

    /// The key, in the header of this name, was used for something else.
    pub(in crate::api) fn key_reused(header: &str) -> Self {
        let detail = "the key was used for another submission";
        Self::new(Code::IdempotencyKeyReused, detail).target(header)
    }

    /// The first submission with the key has not come to its end.
    pub(in crate::api) fn still_being_accepted() -> Self {
        Self::conflict("the first submission with this key is still being accepted").retry_after(1)
    }

    /// From a failure that actix-web made, of which only the status is known to be safe.
    pub(in crate::api) fn from_status(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Error");
        Self::new(Code::of_status(status), reason)
    }
}
