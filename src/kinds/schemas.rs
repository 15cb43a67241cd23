//! The JSON Schemas of a kind that has no types: what its input must be, and what its result is said to be.

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;
use serde_json::value::RawValue;
use work::InvalidInput;

/// The schemas of a kind. One that it lacks allows everything.
///
/// An input is held against its schema. A result is not: its schema is for who reads it.
#[derive(Debug, Default)]
pub struct Schemas {
    input: Option<(Validator, Value)>,
    output: Option<Value>,
}

/// A document that is no JSON Schema. Holds the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no JSON Schema: {0}")]
pub struct InvalidSchema(String);

impl Schemas {
    /// The same with a schema of the input. Its draft is the one that its `$schema` names, 2020-12
    /// without. `format` counts.
    ///
    /// # Errors
    ///
    /// It is no schema, has a pattern that needs more than linear time, or refers to another document:
    /// nothing is fetched.
    pub fn with_input(mut self, schema: Value) -> Result<Self, InvalidSchema> {
        self.input = Some((compiled(&schema)?, schema));
        Ok(self)
    }

    /// The same with a schema of the result.
    ///
    /// # Errors
    ///
    /// Those of [`with_input`](Self::with_input).
    pub fn with_output(mut self, schema: Value) -> Result<Self, InvalidSchema> {
        compiled(&schema)?;
        self.output = Some(schema);
        Ok(self)
    }

    /// The schema of the input, if there is one.
    pub fn input(&self) -> Option<&Value> {
        self.input.as_ref().map(|(_, schema)| schema)
    }

    /// The schema of the result, if there is one.
    pub fn output(&self) -> Option<&Value> {
        self.output.as_ref()
    }

    /// Holds an input against its schema.
    ///
    /// # Errors
    ///
    /// The first field that is not as the schema asks.
    pub fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        let Some((validator, _)) = &self.input else {
            return Ok(());
        };
        // It is JSON, so only its depth can be wrong.
        let input: Value = serde_json::from_str(input.get())
            .map_err(|_| InvalidInput::new("", "the input is nested too deeply"))?;
        validator.validate(&input).map_err(|error| told(&error))
    }
}

fn compiled(schema: &Value) -> Result<Validator, InvalidSchema> {
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        // The input is a stranger's, and the other engine can be made to take for ever.
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(|error| {
            let at = match error.instance_path().as_str() {
                "" => String::new(),
                path => format!(", at {path}"),
            };
            InvalidSchema(format!("{error}{at}"))
        })
}

/// What a client is told, which repeats none of its texts.
fn told(error: &ValidationError<'_>) -> InvalidInput {
    let at = || error.instance_path().segments();
    let (beyond, sentence) = match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            (Some(name), format!("missing field `{name}`"))
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let name = unexpected.first().map(String::as_str);
            (name, "unknown field".to_owned())
        }
        ValidationErrorKind::PropertyNames { .. } => {
            (None, "a field has a name that is not taken".to_owned())
        }
        ValidationErrorKind::AdditionalItems { .. }
        | ValidationErrorKind::UnevaluatedItems { .. } => {
            (None, "the array has more items than are taken".to_owned())
        }
        _ => (None, error.masked_with("the value").to_string()),
    };
    let beyond = beyond.map(|name| LocationSegment::Property(name.into()));
    InvalidInput::new(field(at().chain(beyond)), sentence)
}

/// `/marks/0/from` -> `marks[0].from`, as the fields of other kinds are written.
fn field<'a>(path: impl Iterator<Item = LocationSegment<'a>>) -> String {
    path.fold(String::new(), |field, segment| match segment {
        LocationSegment::Index(index) => format!("{field}[{index}]"),
        LocationSegment::Property(name) if field.is_empty() => name.into_owned(),
        LocationSegment::Property(name) => format!("{field}.{name}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(schema: Value, input: &str) -> (String, String) {
        let schemas = Schemas::default().with_input(schema).unwrap();
        let input = RawValue::from_string(input.to_owned()).unwrap();
        let InvalidInput { field, message } = schemas.check(&input).unwrap_err();
        assert!(!message.contains("secret"), "{message}");
        (field, message)
    }

    #[test]
    fn a_refusal_names_the_field_and_repeats_no_text_of_the_client() {
        let page = json!({
            "properties": {
                "width": {"type": "integer", "minimum": 1},
                "name": {"pattern": "^[a-z]*$", "maxLength": 10},
                "kind": {"enum": ["a", "b"]},
                "made": {"format": "date"},
                "either": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
                "marks": {"items": {"required": ["from"], "additionalProperties": false,
                                    "properties": {"from": true}}},
                "pair": {"prefixItems": [true], "items": false},
                "map": {"propertyNames": {"maxLength": 1}},
            },
            "required": ["width"],
            "unevaluatedProperties": false,
        });
        for (input, field, message) in [
            ("{}", "width", "missing field `width`"),
            (
                r#"{"width": "secret"}"#,
                "width",
                "the value is not of type \"integer\"",
            ),
            (
                r#"{"width": 0}"#,
                "width",
                "the value is less than the minimum of 1",
            ),
            (r#"{"width": 1, "secret": 1}"#, "secret", "unknown field"),
            (
                r#"{"width": 1, "name": "SECRET"}"#,
                "name",
                "the value does not match \"^[a-z]*$\"",
            ),
            (
                r#"{"width": 1, "name": "secretsecret"}"#,
                "name",
                "the value is longer than 10 characters",
            ),
            (
                r#"{"width": 1, "kind": "secret"}"#,
                "kind",
                "the value is not one of \"a\" or \"b\"",
            ),
            (
                r#"{"width": 1, "made": "secret"}"#,
                "made",
                "the value is not a \"date\"",
            ),
            (
                r#"{"width": 1, "marks": [{"from": 1}, {}]}"#,
                "marks[1].from",
                "missing field `from`",
            ),
            (
                r#"{"width": 1, "marks": [{"from": 1, "secret": 2}]}"#,
                "marks[0].secret",
                "unknown field",
            ),
            (
                r#"{"width": 1, "map": {"secret": 2}}"#,
                "map",
                "a field has a name that is not taken",
            ),
        ] {
            assert_eq!(
                refusal(page.clone(), input),
                (field.to_owned(), message.to_owned()),
                "{input}"
            );
        }
        for (input, field) in [
            (r#"{"width": 1, "either": "secret"}"#, "either"),
            (r#"{"width": 1, "pair": [1, "secret"]}"#, "pair[1]"),
        ] {
            assert_eq!(refusal(page.clone(), input).0, field, "{input}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(refusal(page, &deep).1, "the input is nested too deeply");
    }

    #[test]
    fn without_a_schema_every_input_is_taken() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        for input in ["null", "24", &deep] {
            let input = RawValue::from_string(input.to_owned()).unwrap();
            assert_eq!(Schemas::default().check(&input), Ok(()));
        }
    }

    #[test]
    fn what_is_no_schema_and_what_would_have_to_be_fetched_is_refused() {
        for (schema, reason) in [
            (json!(24), "is no JSON Schema: "),
            (json!({"type": "intger"}), "/type"),
            (json!({"minimum": "1"}), "/minimum"),
            (json!({"pattern": "(a"}), "/pattern"),
            (json!({"pattern": "(?=a)"}), "/pattern"),
            (
                json!({"$ref": "http://127.0.0.1:1/schema.json"}),
                "http://127.0.0.1:1/schema.json",
            ),
            (
                json!({"$ref": "file:///etc/hostname"}),
                "file:///etc/hostname",
            ),
            (json!({"$ref": "#/nowhere"}), "/nowhere"),
        ] {
            let refusal = Schemas::default()
                .with_input(schema.clone())
                .unwrap_err()
                .to_string();
            assert!(refusal.contains(reason), "{refusal}");
            assert!(Schemas::default().with_output(schema).is_err());
        }
    }
}
