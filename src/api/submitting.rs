//! The request headers of a submission.

use actix_web::HttpRequest;

use super::problem::Problem;

/// The longest idempotency key, in characters.
const MAX_KEY: usize = 255;

/// The client's `Idempotency-Key`: a string of RFC 9651 (`"k"`), 1 to [`MAX_KEY`] characters.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut values = request.headers().get_all("idempotency-key");
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

/// The client's trace, if it is one of W3C Trace Context: `00-<32 hex>-<16 hex>-<2 hex>`. Another is
/// passed over, as the standard says; so what is logged of it is hexadecimal digits.
pub(super) fn traceparent(request: &HttpRequest) -> Option<String> {
    let text = request.headers().get("traceparent")?.to_str().ok()?.trim();
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    let is_hex = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let is_null = |part: Option<&str>| part.is_none_or(|part| part.bytes().all(|b| b == b'0'));
    let well_formed = lengths == [2, 32, 16, 2]
        && text.split('-').all(is_hex)
        && !text.starts_with("ff")
        && !is_null(text.split('-').nth(1))
        && !is_null(text.split('-').nth(2));
    well_formed.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

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
    fn a_traceparent_is_hexadecimal_or_nothing() {
        let read = |value: &str| {
            let request = TestRequest::default().insert_header(("traceparent", value));
            traceparent(&request.to_http_request())
        };
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(read(good).as_deref(), Some(good));
        for wrong in [
            "",
            "00-x",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
