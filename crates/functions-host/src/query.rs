//! A query as the host rebuilds it when it forwards.
//!
//! Protocol: What the handler sees. Repeated keys merge, ignoring case, their values joined by a
//! comma: `a=1&a=2` arrives as `a=1,2`.

use actix_web::web::Query;

/// The rebuilt query with its question mark, or nothing.
pub(crate) fn rebuild(query: &str) -> String {
    let mut merged: Vec<(String, String)> = Vec::new();
    for (key, value) in parse(query) {
        match merged
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(&key))
        {
            Some((_, values)) => {
                values.push(',');
                values.push_str(&value);
            }
            None => merged.push((key, value)),
        }
    }
    let pairs: Vec<_> = merged
        .iter()
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect();
    match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", pairs.join("&")),
    }
}

/// The first value of a key.
pub(crate) fn first(query: &str, key: &str) -> Option<String> {
    let mut pairs = parse(query).into_iter();
    pairs
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value)
}

fn parse(query: &str) -> Vec<(String, String)> {
    Query::from_query(query)
        .map(Query::into_inner)
        .unwrap_or_default()
}

/// Everything but letters, digits, `-._~` and the comma is percent-encoded.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' => {
                encoded.push(byte.into());
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
