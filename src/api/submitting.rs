//! The request headers of a submission.

use actix_web::HttpRequest;

use super::headers::{IDEMPOTENCY_KEY, TRACEPARENT};
use super::problem::Problem;
use crate::tasks::is_traceparent;

/// The longest idempotency key, in characters.
const MAX_KEY: usize = 255;

/// The client's `Idempotency-Key`: a string of RFC 9651 (`"k"`), 1 to [`MAX_KEY`] characters.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .and_then(|text| parse_string(text.trim()));
    match key {
        Some(key) if values.next().is_none() && (1..=MAX_KEY).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Problem::bad_request(
            "InvalidIdempotencyKey",
            format!(
                "Idempotency-Key must be one string in double quotes, of 1 to {MAX_KEY} characters"
            ),
        )
        .target("Idempotency-Key")),
    }
}

/// A string in double quotes, with `\"` and `\\` inside (RFC 9651, section 3.3.3).
fn parse_string(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix('"')?
        .strip_suffix('"')
        .filter(|_| text.len() > 1)?;
    let mut key = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.push(
                characters
                    .next()
                    .filter(|next| matches!(next, '"' | '\\'))?,
            ),
            ' '..='~' if character != '"' => key.push(character),
            _ => return None,
        }
    }
    Some(key)
}

/// The client's trace, if it is one of W3C Trace Context.
pub(super) fn traceparent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get(TRACEPARENT)?.to_str().ok()?.trim();
    is_traceparent(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;
    use crate::corpus;

    fn key(value: &str) -> Option<String> {
        let request = TestRequest::default().insert_header(("idempotency-key", value));
        idempotency_key(&request.to_http_request()).ok().flatten()
    }

    #[test]
    fn a_key_is_a_string_in_quotes() {
        assert_eq!(key(r#""k""#).unwrap(), "k");
        assert_eq!(key(r#" "a \"b\" \\c" "#).unwrap(), r#"a "b" \c"#);
        assert_eq!(key(&format!("\"{}\"", "k".repeat(255))).unwrap().len(), 255);
        for wrong in [
            "k", "\"\"", "\"", "\"k", r#""a"b""#, r#""\x""#, r#""a\""#, "\"a\tb\"", "7",
        ] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
        assert_eq!(key(&format!("\"{}\"", "k".repeat(256))), None);
    }

    #[test]
    fn a_traceparent_may_have_space_around_it() {
        let read = |value: &str| {
            let request = TestRequest::default().insert_header(("traceparent", value));
            traceparent(&request.to_http_request())
        };
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(read(&format!(" {good} ")).as_deref(), Some(good));
        assert_eq!(read("00-x"), None);
    }

    fn assert_refused_or_short(value: &[u8]) {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return;
        };
        let request = TestRequest::default()
            .insert_header(("idempotency-key", value.clone()))
            .insert_header(("traceparent", value))
            .to_http_request();
        match idempotency_key(&request) {
            Ok(Some(key)) => assert!((1..=MAX_KEY).contains(&key.len())),
            Ok(None) => panic!("a key was passed over"),
            Err(refused) => assert!(refused.to_string().len() < 120, "{refused}"),
        }
        assert!(traceparent(&request).is_none_or(|trace| trace.len() == 55));
    }

    #[test]
    fn hostile_headers_are_refused_or_short() {
        corpus::each(assert_refused_or_short);
    }

    proptest! {
        #[test]
        fn any_header_is_refused_or_short(text in corpus::any_text()) {
            assert_refused_or_short(text.as_bytes());
        }

        #[test]
        fn a_key_comes_out_as_it_was_put_in(text in "[ -~]{1,255}") {
            let quoted = text.replace('\\', r"\\").replace('"', "\\\"");
            let expected = Some(text);
            prop_assert_eq!(key(&format!("\"{quoted}\"")), expected);
        }
    }
}
