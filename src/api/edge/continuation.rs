//! Where a listing goes on: an opaque token, for the query that it was made of and for no other.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem};

#[derive(Serialize, Deserialize)]
struct Token<P, Q> {
    position: P,
    of: Q,
}

/// A token that goes on at this position of a listing with these filters.
pub(in crate::api) fn seal(position: impl Serialize, of: &str) -> String {
    let token = serde_json::to_vec(&Token { position, of }).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

/// The position in a token; `None` when it is of other filters, or none of ours. It may be forged all the same.
pub(in crate::api) fn open<P: DeserializeOwned>(token: impl AsRef<[u8]>, of: &str) -> Option<P> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let token: Token<P, String> = serde_json::from_slice(&bytes).ok()?;
    (token.of == of).then_some(token.position)
}

/// The refusal of a token, which came in this parameter or header.
pub(in crate::api) fn invalid(name: &str) -> Problem {
    let detail = format!("{name} is not one of this query");
    Problem::new(Code::InvalidContinuationToken, detail).target(name)
}

/// Whether a text is made as the positions of listings of tasks are.
pub(in crate::api) fn may_be_position(text: &str) -> bool {
    text.len() <= 36
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_query_alone() {
        let token = seal("0192", "kind=echo");
        assert_eq!(open(&token, "kind=echo"), Some("0192".to_owned()));
        assert_eq!(open::<String>(&token, "kind=other"), None);
        assert_eq!(open::<u32>(&token, "kind=echo"), None);
    }

    #[test]
    fn what_is_no_token_opens_nothing() {
        corpus::each_text(|text| {
            for token in [text, &BASE64_URL_SAFE_NO_PAD.encode(text)] {
                assert_eq!(open::<String>(token, ""), None, "{text}");
            }
            assert!(!may_be_position(text) || text.is_ascii());
        });
    }
}
