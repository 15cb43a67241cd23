//! What the headers say of a body: whether it may be JSON in UTF-8, as it is.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue,
};

use super::headers::JSON;
use super::origin::is_cross_site;
use super::problem::{Code, Problem};
use super::state::Api;

/// Refuses a body that is compressed, or not UTF-8. That it is JSON need not be said: `curl -d` says
/// that it is a form, and `fetch` that it is text. Only a page of another site has to, because then
/// its browser asks us first.
pub(in crate::api) fn check(request: &HttpRequest, api: &Api) -> Result<(), Problem> {
    check_any(request, api)?;
    let said = said(request);
    if charsets(said.split(';').map(str::trim)).any(is_wide) {
        return Err(not_utf_8());
    }
    Ok(())
}

/// Refuses a body that is compressed, or that a page of another site does not call JSON.
pub(in crate::api) fn check_any(request: &HttpRequest, api: &Api) -> Result<(), Problem> {
    check_coding(request)?;
    let said = said(request);
    let media_type = said.split(';').next().unwrap_or_default().trim();
    if !is_json(media_type) && is_cross_site(request, api) {
        let detail = "a page of another site must send application/json, and say so";
        return Err(unsupported(detail).header(ACCEPT, JSON));
    }
    Ok(())
}

fn check_coding(request: &HttpRequest) -> Result<(), Problem> {
    let mut codings = request
        .headers()
        .get_all(CONTENT_ENCODING)
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii);
    if codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    // RFC 9110, section 12.5.3.
    let identity = HeaderValue::from_static("identity");
    Err(unsupported("the body must not be compressed").header(ACCEPT_ENCODING, identity))
}

/// Whether a request says of its body that it is JSON, or says nothing.
pub(in crate::api) fn may_be_json(request: &HttpRequest) -> bool {
    let said = said(request);
    let media_type = said.split(';').next().unwrap_or_default().trim();
    media_type.is_empty() || is_json(media_type)
}

/// A body as the text that its request says it is, in UTF-8 if it does not say; `None` where it is none, or in a
/// character set that nobody reads here.
pub(in crate::api) fn text_of<'a>(request: &HttpRequest, body: &'a [u8]) -> Option<Cow<'a, str>> {
    if looks_wide(body) {
        return None;
    }
    let said = said(request);
    let mut charsets = charsets(said.split(';').map(str::trim));
    match charsets.next().unwrap_or("utf-8") {
        "utf-8" | "utf8" | "us-ascii" => {}
        // What a byte means there is the character of its number.
        "iso-8859-1" | "latin1" => {
            return Some(body.iter().map(|byte| char::from(*byte)).collect());
        }
        other => {
            let has_ascii = other.starts_with("iso-8859-") || other.starts_with("windows-125");
            if !has_ascii || !body.is_ascii() {
                return None;
            }
        }
    }
    std::str::from_utf8(body).ok().map(Cow::Borrowed)
}

/// The content type, in lower case; empty when there is none.
fn said(request: &HttpRequest) -> String {
    let value = request.headers().get(CONTENT_TYPE);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// The character sets among the parts of a content type.
fn charsets<'a>(parts: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    parts
        .filter_map(|parameter| parameter.strip_prefix("charset="))
        .map(|name| name.trim_matches('"'))
}

fn is_json(media_type: &str) -> bool {
    matches!(media_type, "application/json" | "text/json")
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// UTF-16, UTF-32, and what both were called before.
fn is_wide(charset: &str) -> bool {
    [
        "utf-16",
        "utf16",
        "utf-32",
        "utf32",
        "ucs-",
        "iso-10646-ucs-",
    ]
    .iter()
    .any(|start| charset.starts_with(start))
}

/// Whether a body is UTF-16 or UTF-32: by its byte-order mark, or because JSON begins with a
/// character of ASCII (RFC 4627, section 3) and has no NUL in it.
pub(in crate::api) fn looks_wide(body: &[u8]) -> bool {
    matches!(
        body,
        [0xFE, 0xFF, ..]
            | [0xFF, 0xFE, ..]
            | [0, 0, 0xFE, 0xFF, ..]
            | [0, 0, 0, 1..=255, ..]
            | [0, 1..=255, ..]
            | [1..=255, 0, ..]
    )
}

pub(in crate::api) fn not_utf_8() -> Problem {
    unsupported("the body must be in UTF-8, not in UTF-16 or UTF-32").target("body")
}

pub(in crate::api) fn unsupported(detail: &str) -> Problem {
    Problem::new(Code::UnsupportedMediaType, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_and_utf_32_show_in_the_first_bytes() {
        for wide in [
            &b"\xFE\xFF\0{"[..],
            b"\xFF\xFE{\0",
            b"\xFF\xFE\0\0{\0\0\0",
            b"\0\0\xFE\xFF\0\0\0{",
            b"\0\0\0{",
            b"\0{\0}",
            b"{\0}\0",
            b"{\0\0\0}\0\0\0",
        ] {
            assert!(looks_wide(wide), "{wide:?}");
        }
        for other in [
            &b""[..],
            b"{",
            b"{}",
            b"\0",
            b"\0\0",
            b"\0\0\0\0",
            b"\xEF\xBB\xBF{}",
            b"\xFF{}",
        ] {
            assert!(!looks_wide(other), "{other:?}");
        }
    }
}
