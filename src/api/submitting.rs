//! The request headers of a submission.

use actix_web::HttpRequest;

use super::headers::{IDEMPOTENCY_KEY, TRACEPARENT};
use super::key_text::key_text;
use super::problem::Problem;
use crate::tasks::is_traceparent;

/// The longest idempotency key, in characters.
const MAX_KEY: usize = 255;

/// The client's `Idempotency-Key`: see [`key_text`], of 1 to [`MAX_KEY`] characters.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let key = value.to_str().ok().and_then(key_text);
    match key {
        Some(key) if values.next().is_none() && (1..=MAX_KEY).contains(&key.len()) => Ok(Some(key)),
        _ => Err(Problem::bad_request(
            "InvalidIdempotencyKey",
            format!(
                "Idempotency-Key must be one key of 1 to {MAX_KEY} characters, bare or in double quotes"
            ),
        )
        .target("Idempotency-Key")),
    }
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
    fn a_key_has_1_to_255_characters() {
        let of_length = |length| key(&format!("\"{}\"", "k".repeat(length)));
        assert_eq!(of_length(255).unwrap().len(), 255);
        assert_eq!((of_length(256), of_length(0)), (None, None));
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
    }
}
