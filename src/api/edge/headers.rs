//! Names and values of headers that the framework does not know. As texts, each use would copy them,
//! and check them anew.

use actix_web::http::header::{HeaderName, HeaderValue};

/// What becomes of a submission with the same key is what became of the first.
pub(in crate::api) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The id of an operation, for people: its monitor's address has it as well.
pub(in crate::api) const OPERATION_ID: HeaderName = HeaderName::from_static("operation-id");

/// The monitor of an operation, where Azure's clients look for it.
pub(in crate::api) const OPERATION_LOCATION: HeaderName =
    HeaderName::from_static("operation-location");

/// What a client would like (RFC 7240).
pub(in crate::api) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Which preferences were granted (RFC 7240, section 3).
pub(in crate::api) const PREFERENCE_APPLIED: HeaderName =
    HeaderName::from_static("preference-applied");

/// When a client first sent a repeatable request.
pub(in crate::api) const REPEATABILITY_FIRST_SENT: HeaderName =
    HeaderName::from_static("repeatability-first-sent");

/// The key of a repeatable request, as Azure's clients send it (OASIS Repeatable Requests 1.0).
pub(in crate::api) const REPEATABILITY_REQUEST_ID: HeaderName =
    HeaderName::from_static("repeatability-request-id");

/// Whether a repeatable request was carried out, this time or before.
pub(in crate::api) const REPEATABILITY_RESULT: HeaderName =
    HeaderName::from_static("repeatability-result");

/// Whose page made the browser send a request (W3C Fetch Metadata).
pub(in crate::api) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The client's trace (W3C Trace Context).
pub(in crate::api) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The key of the routes that need one, as the Functions host calls it.
pub(in crate::api) const X_FUNCTIONS_KEY: HeaderName = HeaderName::from_static("x-functions-key");

/// The code of a failure, where Azure's clients look for it.
pub(in crate::api) const X_MS_ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");

/// The URL that the client used, from the front ends before the Functions host.
pub(in crate::api) const X_ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");

/// For `Cache-Control`: what a task is like changes, and its result is its client's.
pub(in crate::api) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// For `Content-Type`.
pub(in crate::api) const JSON: HeaderValue = HeaderValue::from_static("application/json");
