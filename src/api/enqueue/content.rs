//! What is enqueued: a JSON object as it is, and everything else in an object that says what it is.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE};
use actix_web::web::Payload;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::edge::body::{read_any, read_json, refuse};
use crate::api::edge::headers::JSON;
use crate::api::edge::media_type::{may_be_json, text_of, unsupported};
use crate::api::edge::memory::Held;
use crate::api::edge::problem::{Code, Problem};
use crate::api::edge::state::Api;

/// What a body is to become.
pub(super) struct Content<'a> {
    pub(super) kind: &'a str,
    pub(super) input: Box<RawValue>,
}

/// The input of a kind that takes what is no JSON: `text` or `base64`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Other<'a> {
    /// The body, when it is a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// The bytes of another (RFC 4648, section 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// What the client says it is, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
}

/// Reads the body. The content type says whether it is to be JSON; without one it is. What it holds of memory
/// is held until the second value is dropped.
pub(super) async fn read_content<'a>(
    request: &HttpRequest,
    payload: Payload,
    api: &'a Api,
) -> Result<(Content<'a>, Held), Problem> {
    if may_be_json(request) {
        let (text, held) = read_json(request, payload, api).await?;
        let kind = &api.surfaces.enqueue_kind;
        let input = object(text)?;
        return Ok((Content { kind, input }, held));
    }
    // Before the body: what nobody takes is not read.
    let kind = api
        .surfaces
        .enqueue_text_kind
        .as_deref()
        .ok_or_else(not_taken)?;
    let (body, mut held) = read_any(request, payload, api).await?;
    // The Functions host does not pass on of what type nothing is.
    if body.is_empty() {
        return Err(Problem::new(Code::EmptyBody, "the body is empty").target("body"));
    }
    let input = other(request, body)?;
    // A control character is six in JSON, and the input is there once more in the record.
    api.memory.grow(&mut held, input.get().len() * 2)?;
    Ok((Content { kind, input }, held))
}

/// A text that must be a JSON object, to the letter.
fn object(text: String) -> Result<Box<RawValue>, Problem> {
    let input = RawValue::from_string(text).map_err(refuse)?;
    let what = match input.get().trim_start().bytes().next() {
        Some(b'{') => return Ok(input),
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    let detail = format!("the body must be a JSON object, not {what}");
    Err(Problem::new(Code::NotAnObject, detail).target("body"))
}

fn other(request: &HttpRequest, body: Vec<u8>) -> Result<Box<RawValue>, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE);
    let text = text_of(request, &body);
    let other = Other {
        text: text.as_deref(),
        base64: text.is_none().then(|| BASE64_STANDARD.encode(&body)),
        content_type: content_type.and_then(|value| value.to_str().ok()),
    };
    serde_json::value::to_raw_value(&other).map_err(|error| Problem::internal(&error))
}

fn not_taken() -> Problem {
    unsupported(
        "the body must be JSON, and say so with application/json: ENQUEUE_TEXT_KIND, which names the kind that \
         takes others, is not set",
    )
    .target("ENQUEUE_TEXT_KIND")
    .header(ACCEPT, JSON)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::{Value, json};

    use super::*;

    fn kept(content_type: &str, body: &[u8]) -> Value {
        let request = TestRequest::default().insert_header((CONTENT_TYPE, content_type));
        let input = other(&request.to_http_request(), body.to_vec()).unwrap();
        serde_json::from_str(input.get()).unwrap()
    }

    #[test]
    fn a_text_is_kept_as_text_and_all_else_as_bytes() {
        let text = "Grüße, 世界 \0 \u{1F600}";
        assert_eq!(
            kept("text/plain", text.as_bytes()),
            json!({ "text": text, "contentType": "text/plain" })
        );
        let utf_8 = r#"text/plain; charset="UTF-8""#;
        assert_eq!(
            kept(utf_8, b"x"),
            json!({ "text": "x", "contentType": utf_8 })
        );
        for (content_type, body, text) in [
            (
                "text/plain; Charset=ISO-8859-1",
                &b"Gr\xFC\xDFe"[..],
                "Grüße",
            ),
            ("text/plain;charset=\"latin1\"", b"ab", "ab"),
            ("text/plain; charset=windows-1252", b"ab", "ab"),
            ("text/plain; charset=iso-8859-15", b"ab", "ab"),
        ] {
            assert_eq!(
                kept(content_type, body),
                json!({ "text": text, "contentType": content_type })
            );
        }
        for (content_type, body, base64) in [
            ("application/octet-stream", &[0xFF, 0x00][..], "/wA="),
            ("text/plain", b"a\0b\0", "YQBiAA=="),
            ("text/plain; charset=utf-16", b"ab", "YWI="),
            ("text/plain; charset=ibm037", b"ab", "YWI="),
            ("text/plain; charset=windows-1251", &[0xE4], "5A=="),
            ("text/plain; charset=utf-8", &[0xE4], "5A=="),
        ] {
            assert_eq!(
                kept(content_type, body),
                json!({ "base64": base64, "contentType": content_type })
            );
        }
    }

    #[test]
    fn hostile_bodies_are_kept_whole() {
        corpus::each(|bytes| {
            let kept = kept("text/plain", bytes);
            let body = match &kept["text"] {
                Value::String(text) => text.clone().into_bytes(),
                _ => {
                    let base64 = kept["base64"].as_str().unwrap();
                    BASE64_STANDARD.decode(base64).unwrap()
                }
            };
            assert_eq!(body, bytes);
        });
    }

    #[test]
    fn json_that_is_no_object_is_named() {
        for (text, what) in [
            ("[1]", "an array"),
            (" \"x\"", "a string"),
            ("-1", "a number"),
            ("null", "null"),
            ("true", "a boolean"),
        ] {
            let refused = object(text.to_owned()).unwrap_err().to_string();
            let expected = format!("422 NotAnObject: the body must be a JSON object, not {what}");
            assert_eq!(refused, expected);
        }
        for text in ["{", "{}}", "", "{'a': 1}", "NaN"] {
            let refused = object(text.to_owned()).unwrap_err().to_string();
            assert!(refused.starts_with("400 MalformedBody"), "{refused}");
        }
        for text in ["{}", " {\"a\":{}}\n"] {
            assert_eq!(object(text.to_owned()).unwrap().get(), text.trim());
        }
    }
}
