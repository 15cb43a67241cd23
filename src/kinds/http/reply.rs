//! Replies: the result, or which failure they are.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::value::{RawValue, to_raw_value};
use time::format_description::StaticFormatDescription;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use work::any::ResultLimit;
use work::{Context, ErrorCode, Failure};

use super::body::{self, Unread};
use super::problem;

const NO_CONNECTION: ErrorCode = ErrorCode::literal("NoConnection");
const INVALID_RESULT: ErrorCode = ErrorCode::literal("InvalidResult");
const REDIRECTED: ErrorCode = ErrorCode::literal("Redirected");
const REQUEST_FAILED: ErrorCode = ErrorCode::literal("RequestFailed");

/// How much of the body of a failure is looked at, in bytes.
const PROBLEM_LIMIT: usize = 64 * 1024;

/// How long work waits for a service that has too much to do and does not say for how long.
const LATER: Duration = Duration::from_secs(30);

/// Dates of HTTP (RFC 9110, section 5.6.7), in the one form that may be sent.
const HTTP_DATE: StaticFormatDescription = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// What the reply to an attempt means.
pub(super) async fn read(
    reply: Response,
    cx: &Context,
    limit: ResultLimit,
) -> Result<Box<RawValue>, Failure> {
    let after = retry_after(reply.headers());
    match (reply.status(), after) {
        (StatusCode::OK, _) => result(reply, limit).await,
        (StatusCode::NO_CONTENT, _) => to_raw_value(&()).map_err(|_| invalid("it is not JSON")),
        (StatusCode::ACCEPTED, _) => Err(cx.hand_over()),
        (StatusCode::TOO_MANY_REQUESTS, after) => Err(Failure::later(after.unwrap_or(LATER))),
        (StatusCode::SERVICE_UNAVAILABLE, Some(after)) => Err(Failure::later(after)),
        (status, _) if status.is_redirection() => Err(redirected(status)),
        (status, _) => Err(failure(status, reply).await),
    }
}

/// Whether something was taken, by the reply to it. What a success says is not read.
pub(super) async fn taken(reply: Response) -> Result<(), Failure> {
    let after = retry_after(reply.headers());
    match (reply.status(), after) {
        (status, _) if status.is_success() => Ok(()),
        (StatusCode::TOO_MANY_REQUESTS, after) => Err(Failure::later(after.unwrap_or(LATER))),
        (StatusCode::SERVICE_UNAVAILABLE, Some(after)) => Err(Failure::later(after)),
        (status, _) if status.is_redirection() => Err(redirected(status)),
        (status, _) => Err(failure(status, reply).await),
    }
}

/// What no reply means.
pub(super) fn unreachable(error: reqwest::Error) -> Failure {
    // The URL may hold a key.
    Failure::transient(NO_CONNECTION, "the service that was called did not answer")
        .with_source(error.without_url())
}

/// What is told of a reply that leads elsewhere: the operator said where requests go.
pub(super) fn redirected(status: StatusCode) -> Failure {
    Failure::permanent(
        REDIRECTED,
        format!("the service that was called redirects ({status}), which is not followed"),
    )
}

/// What is told of a request that was dropped.
pub(super) fn broken_off() -> Failure {
    Failure::transient(NO_CONNECTION, "the request was broken off")
}

async fn result(reply: Response, limit: ResultLimit) -> Result<Box<RawValue>, Failure> {
    if !is_json(reply.headers()) {
        return Err(invalid("its Content-Type is not JSON"));
    }
    let body = body::read(reply, limit.get())
        .await
        .map_err(|unread| match unread {
            Unread::TooLarge => limit.exceeded(),
            Unread::BrokenOff(error) => unreachable(error),
        })?;
    let text = String::from_utf8(body).map_err(|_| invalid("it is not UTF-8"))?;
    RawValue::from_string(text).map_err(|_| invalid("it is not JSON"))
}

fn invalid(why: &str) -> Failure {
    let message = format!("the service that was called gave no result: {why}");
    Failure::permanent(INVALID_RESULT, message)
}

async fn failure(status: StatusCode, reply: Response) -> Failure {
    let may_pass = status.is_server_error()
        || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY);
    let said = match is_json(reply.headers()) {
        true => body::read(reply, PROBLEM_LIMIT).await.ok(),
        false => None,
    };
    let said = said.map(|body| problem::read(&body)).unwrap_or_default();
    let code = said.code.unwrap_or(REQUEST_FAILED);
    let message = said
        .message
        .unwrap_or_else(|| format!("the service that was called answered {status}"));
    if may_pass {
        Failure::transient(code, message)
    } else {
        Failure::permanent(code, message)
    }
}

/// `application/json` and `application/problem+json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|text| text.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| {
        let essence = essence.trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    })
}

/// How long to wait, in seconds or until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = PrimitiveDateTime::parse(text, HTTP_DATE).ok()?;
    let left = date.assume_utc() - OffsetDateTime::now_utc();
    Some(Duration::try_from(left).unwrap_or_default())
}
