//! JSON Schemas of inputs and results, and what to do about a type that has none.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A type that has no schema, for the input or the result of a kind. In JSON it is the type itself; its
/// schema is `true`, which says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WithoutSchema<T>(pub T);

impl<T> JsonSchema for WithoutSchema<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "WithoutSchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

/// The schema of what a type is read from, if it says anything.
pub(crate) fn of_input<T: JsonSchema>() -> Option<Value> {
    root::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of what a type is written as, if it says anything.
pub(crate) fn of_output<T: JsonSchema>() -> Option<Value> {
    root::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn root<T: JsonSchema>(settings: SchemaSettings) -> Option<Value> {
    let mut generator = settings.into_generator();
    let says_nothing = T::json_schema(&mut generator).as_bool() == Some(true);
    (!says_nothing).then(|| generator.into_root_schema_for::<T>().to_value())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Form {
        /// How wide it is.
        #[serde(default)]
        width: u32,
        other: WithoutSchema<std::ops::Range<u8>>,
    }

    #[test]
    fn a_schema_of_what_is_read_asks_for_less_than_what_is_written() {
        let input = of_input::<Form>().unwrap();
        assert_eq!(input["required"], json!(["other"]));
        assert_eq!(
            input["properties"]["width"]["description"],
            "How wide it is."
        );
        let output = of_output::<Form>().unwrap();
        assert_eq!(output["required"], json!(["width", "other"]));
        assert_eq!(
            output["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
    }

    #[test]
    fn a_type_without_a_schema_is_itself_in_json() {
        let form = json!({"width": 1, "other": {"start": 1, "end": 2}});
        let read: Form = serde_json::from_value(form.clone()).unwrap();
        assert_eq!(read.other.0, 1..2);
        assert_eq!(serde_json::to_value(read).unwrap(), form);
        assert_eq!(
            of_input::<Form>().unwrap()["properties"]["other"],
            json!(true)
        );
    }

    #[test]
    fn a_schema_that_says_nothing_is_none() {
        assert_eq!(of_input::<WithoutSchema<Form>>(), None);
        assert_eq!(of_output::<Value>(), None);
    }
}
