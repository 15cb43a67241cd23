//! Inputs: read cheaply, and refused with a sentence that names the field.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// An input that the kind does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidInput {
    /// The path of the field inside the input, such as `number`; empty for the input as a whole.
    pub field: String,
    /// A sentence for the client, which repeats no text that it sent: it may be anything, of any
    /// length.
    pub message: String,
}

impl InvalidInput {
    /// Refuses an input because of one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Reads an input.
pub(crate) fn parse<T: DeserializeOwned>(input: &RawValue) -> Result<T, InvalidInput> {
    // The path to a field is a copy of each name on it, so only a refusal makes one.
    serde_json::from_str(input.get()).or_else(|_| parse_with_path(input))
}

fn parse_with_path<T: DeserializeOwned>(input: &RawValue) -> Result<T, InvalidInput> {
    let mut json = serde_json::Deserializer::from_str(input.get());
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        // serde_json ends its sentences with a position inside the input, which a client cannot use.
        let sentence = message
            .rsplit_once(" at line ")
            .map_or(&*message, |(sentence, _)| sentence);
        let field = if path == "." {
            named_field(sentence).unwrap_or_default()
        } else {
            &path
        };
        InvalidInput::new(field, without_value(sentence))
    })
}

/// The field that serde complains about at its parent: absent, repeated or unknown.
fn named_field(sentence: &str) -> Option<&str> {
    ["missing field `", "duplicate field `", "unknown field `"]
        .iter()
        .find_map(|start| sentence.strip_prefix(start))?
        .split('`')
        .next()
}

/// ``invalid type: string "…", expected u32`` -> `invalid type, expected u32`
fn without_value(sentence: &str) -> String {
    match sentence.rsplit_once(", expected ") {
        Some((said, expected)) => {
            let what = said.split([':', '`']).next().unwrap_or_default().trim_end();
            format!("{what}, expected {expected}")
        }
        None => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        width: u32,
        #[serde(default)]
        marks: Vec<Mark>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Mark {
        Bold { from: u32 },
        Plain,
    }

    fn read(json: &str) -> Result<Page, (String, String)> {
        let input = RawValue::from_string(json.to_owned()).unwrap();
        parse(&input).map_err(|invalid: InvalidInput| (invalid.field, invalid.message))
    }

    #[test]
    fn an_input_is_read() {
        let marks = vec![Mark::Bold { from: 2 }, Mark::Plain];
        assert_eq!(
            read(r#"{"width": 1, "marks": [{"Bold": {"from": 2}}, "Plain"]}"#),
            Ok(Page { width: 1, marks })
        );
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (json, field, message) in [
            ("{}", "width", "missing field `width`"),
            (
                r#"{"width": 1, "width": 2}"#,
                "width",
                "duplicate field `width`",
            ),
            (
                r#"{"width": 1, "marks": [{"Bold": {"from": -1}}]}"#,
                "marks[0].Bold.from",
                "invalid value, expected u32",
            ),
            (
                r#"{"width": 1, "marks": ["Plain", {"Bold": {}}]}"#,
                "marks[1].Bold",
                "missing field `from`",
            ),
            ("24", "", "invalid type, expected struct Page"),
        ] {
            assert_eq!(
                read(json),
                Err((field.to_owned(), message.to_owned())),
                "{json}"
            );
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_value() {
        for (value, message) in [
            ("-1", "invalid value, expected u32"),
            (r#""a, expected b at line 1""#, "invalid type, expected u32"),
            ("null", "invalid type, expected u32"),
        ] {
            assert_eq!(
                read(&format!(r#"{{"width": {value}}}"#)),
                Err(("width".to_owned(), message.to_owned()))
            );
        }
        let (field, message) = read(r#"{"width": 1, "marks": ["a `secret`"]}"#).unwrap_err();
        assert_eq!(field, "marks[0]");
        assert_eq!(message, "unknown variant, expected `Bold` or `Plain`");
    }
}
