//! What a message says: any JSON, which is kept as compact text. What somebody else has put there may be any
//! text.

use std::fmt::Write;

use serde_json::value::RawValue;

use crate::api::edge::body::refuse;
use crate::api::edge::problem::{Code, Problem};

/// The longest text of a message, in bytes
/// ([Put Message](https://learn.microsoft.com/rest/api/storageservices/put-message)).
pub(super) const LONGEST: usize = 64 * 1024;

/// The text of a message that says this JSON; `target` is where the client put it.
pub(super) fn text_of(json: &str, target: &str) -> Result<String, Problem> {
    let value = serde_json::from_str::<&RawValue>(json).map_err(refuse)?;
    let text = compact(value.get());
    if text.len() > LONGEST {
        let detail = format!(
            "a message holds {LONGEST} bytes, and {target} has {} as compact JSON",
            text.len()
        );
        return Err(Problem::new(Code::BodyTooLarge, detail).target(target));
    }
    Ok(text)
}

/// JSON without the spaces between its parts. What XML cannot carry, in which messages travel, is escaped; in
/// JSON it can only be in a string.
fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for character in json.chars() {
        match character {
            ' ' | '\t' | '\n' | '\r' if !in_string => continue,
            '\u{FFFE}' | '\u{FFFF}' => {
                // Writing to a `String` does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(character));
                continue;
            }
            '"' if !is_escaped => in_string = !in_string,
            _ => {}
        }
        is_escaped = in_string && character == '\\' && !is_escaped;
        text.push(character);
    }
    text
}

/// A message's text as JSON, and whether it is none, but a text that is shown as a string.
pub(super) fn shown(text: &str) -> (Box<RawValue>, bool) {
    match serde_json::from_str::<Box<RawValue>>(text) {
        Ok(json) => (json, false),
        Err(_) => {
            // A string can always be written as JSON.
            let string = serde_json::value::to_raw_value(text);
            (string.unwrap_or_else(|_| RawValue::NULL.to_owned()), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_text_is_as_pydantic_prints_it() {
        let person = r#" {"first_name": "Ada", "last_name": "L",
            "age": 36, "occupation": "m \" \\", "location": "London"} "#;
        let text = r#"{"first_name":"Ada","last_name":"L","age":36,"occupation":"m \" \\","location":"London"}"#;
        assert_eq!(text_of(person, "body").unwrap(), text);
    }

    #[test]
    fn numbers_keep_their_digits_and_fields_their_order() {
        let json = r#"{"b":1.10,"a":123456789012345678901234567890,"b":1e400}"#;
        assert_eq!(text_of(json, "body").unwrap(), json);
        assert_eq!(shown(json).0.get(), json);
    }

    #[test]
    fn what_xml_cannot_carry_is_escaped() {
        let text = text_of("\"a\u{FFFE}b\u{FFFF}\"", "body").unwrap();
        assert_eq!(text, r#""a\ufffeb\uffff""#);
    }

    #[test]
    fn a_message_holds_64_kib() {
        let longest = format!("\"{}\"", "x".repeat(LONGEST - 2));
        assert_eq!(text_of(&longest, "body").unwrap().len(), LONGEST);
        let refused = text_of(&format!("[{longest}]"), "content").unwrap_err();
        assert!(refused.document("/").contains(r#""target":"content""#));
    }

    #[test]
    fn what_is_no_json_is_shown_as_text() {
        for text in ["", "first_name='Ada'", "{", "\u{1}", "NaN"] {
            let (json, is_unreadable) = shown(text);
            assert!(is_unreadable, "{text}");
            assert_eq!(serde_json::from_str::<String>(json.get()).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn compact_json_means_the_same(text in corpus::any_text()) {
            if let (Ok(value), Ok(text)) = (serde_json::from_str::<Value>(&text), text_of(&text, "body")) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            }
            let (json, _) = shown(&text);
            prop_assert!(serde_json::from_str::<&RawValue>(json.get()).is_ok());
        }
    }
}
