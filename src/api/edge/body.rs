//! The body of a request that should be JSON: read within the limit, and what is told of one that is none.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Payload;
use futures_util::StreamExt;

use super::media_type::{self, looks_wide, not_utf_8};
use super::memory::{Held, Memory};
use super::problem::{Code, Problem};
use super::state::Api;
use engine::json::{describe, named_field, shortened};

/// How often a body is in memory while its task is accepted: as text, as the task's input, and in
/// its record.
const COPIES: usize = 3;

/// RFC 8259 forbids to send it, and lets a reader pass it over.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Why a body was not read to its end.
enum Unread {
    /// The client broke off, or its framing is wrong; it will hardly read the answer.
    Incomplete,
    TooLarge,
    Overloaded(Problem),
}

/// Reads a body that should be JSON in UTF-8. What it holds of memory is held until the second value
/// is dropped.
pub(in crate::api) async fn read_json(
    request: &HttpRequest,
    payload: Payload,
    api: &Api,
) -> Result<(String, Held), Problem> {
    let read = read_optional_json(request, payload, api).await?;
    read.ok_or_else(|| Problem::new(Code::EmptyBody, "the body is empty").target("body"))
}

/// The same where there need not be a body: `None` when it is empty.
pub(in crate::api) async fn read_optional_json(
    request: &HttpRequest,
    payload: Payload,
    api: &Api,
) -> Result<Option<(String, Held)>, Problem> {
    media_type::check(request, api)?;
    let (body, held) = read(request, payload, api).await?;
    Ok(text_of(body)?.map(|text| (text, held)))
}

/// Reads a body of any type that is not compressed; otherwise as [`read_json`].
pub(in crate::api) async fn read_any(
    request: &HttpRequest,
    payload: Payload,
    api: &Api,
) -> Result<(Vec<u8>, Held), Problem> {
    media_type::check_any(request, api)?;
    read(request, payload, api).await
}

/// Reads a body within the limits.
async fn read(
    request: &HttpRequest,
    payload: Payload,
    api: &Api,
) -> Result<(Vec<u8>, Held), Problem> {
    let limit = api.max_body_bytes;
    let too_large = || {
        let detail = format!("the body is larger than {limit} bytes");
        Problem::new(Code::BodyTooLarge, detail).target("body")
    };
    // Before the client has sent it all.
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if declared
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let read = tokio::time::timeout(api.body_timeout, collect(payload, limit, &api.memory)).await;
    let Ok(read) = read else {
        return Err(Problem::new(
            Code::BodyTimeout,
            "the body did not arrive in time",
        ));
    };
    read.map_err(|unread| match unread {
        Unread::Incomplete => Problem::new(Code::IncompleteBody, "the body could not be read"),
        Unread::TooLarge => too_large(),
        Unread::Overloaded(problem) => problem,
    })
}

/// The text of a body, without the byte-order mark that some programs put before it; `None` when
/// nothing is left.
fn text_of(body: Vec<u8>) -> Result<Option<String>, Problem> {
    if looks_wide(&body) {
        return Err(not_utf_8());
    }
    let mut text = String::from_utf8(body)
        .map_err(|_| Problem::new(Code::InvalidEncoding, "the body is not UTF-8").target("body"))?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Memory is held for what has come, not for what was announced: announcing costs nothing.
async fn collect(
    mut payload: Payload,
    limit: usize,
    memory: &Memory,
) -> Result<(Vec<u8>, Held), Unread> {
    let (mut body, mut held) = (Vec::new(), Held::default());
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| Unread::Incomplete)?;
        let length = body.len() + piece.len();
        if length > limit {
            return Err(Unread::TooLarge);
        }
        memory
            .grow(&mut held, length * COPIES)
            .map_err(Unread::Overloaded)?;
        body.extend_from_slice(&piece);
    }
    Ok((body, held))
}

/// What is told of a body that cannot be taken apart.
pub(in crate::api) fn refuse(error: serde_json::Error) -> Problem {
    let sentence = error.to_string();
    match named_field(&sentence) {
        Some(field) => {
            Problem::new(Code::DuplicateField, format!("{field} is there twice")).target(field)
        }
        None if error.is_data() => {
            Problem::new(Code::InvalidBody, "the body must be a JSON object").target("body")
        }
        None => Problem::new(
            Code::MalformedBody,
            format!("the body cannot be read: {}", describe(&error)),
        )
        .target("body"),
    }
}

/// The same where a field that is not known is told of.
pub(in crate::api) fn refuse_unknown(error: serde_json::Error) -> Problem {
    let sentence = error.to_string();
    match named_field(&sentence) {
        Some(field) if sentence.starts_with("unknown field") => {
            let detail = format!("{} is not known", shortened(field));
            Problem::new(Code::UnknownField, detail).target(field)
        }
        _ => refuse(error),
    }
}
