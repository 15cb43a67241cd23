//! The description in OpenAPI 3.0, for readers that refuse 3.1: older generators, and gateways.
//!
//! Only what this description uses is translated. A validator of 3.0 reads the outcome in a test, so that what
//! is missing here shows there.

use serde_json::{Map, Value, json};

pub(in crate::api) const VERSION: &str = "3.0.3";

/// A description in 3.1, put into 3.0.
pub(in crate::api) fn converted(mut description: Value) -> Value {
    description["openapi"] = VERSION.into();
    if let Some(license) = description["info"]["license"].as_object_mut()
        && let Some(Value::String(identifier)) = license.remove("identifier")
    {
        let url = format!("https://spdx.org/licenses/{identifier}.html");
        license.insert("url".to_owned(), url.into());
    }
    if let Some(schemas) = description["components"]["schemas"].as_object_mut() {
        schemas.values_mut().for_each(convert_schema);
    }
    convert_schemas_in(&mut description);
    description
}

/// Finds the schemas of parameters, headers and bodies. Examples are data, whatever they look like.
fn convert_schemas_in(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match name.as_str() {
                    "schema" => convert_schema(field),
                    "schemas" | "example" | "examples" => {}
                    _ => convert_schemas_in(field),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(convert_schemas_in),
        _ => {}
    }
}

fn convert_schema(schema: &mut Value) {
    let Some(keywords) = schema.as_object_mut() else {
        return;
    };
    for (keyword, value) in keywords.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(schemas)) => schemas.values_mut().for_each(convert_schema),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(convert_schema);
            }
            ("items" | "additionalProperties" | "not", schema) => convert_schema(schema),
            _ => {}
        }
    }
    make_nullable(keywords);
    for bound in ["Minimum", "Maximum"] {
        make_bound_exclusive(keywords, bound);
    }
    if let Some(value) = keywords.remove("const") {
        keywords.insert("enum".to_owned(), json!([value]));
    }
    if let Some(Value::Array(examples)) = keywords.remove("examples") {
        keywords.extend(
            examples
                .into_iter()
                .take(1)
                .map(|one| ("example".to_owned(), one)),
        );
    }
    // What is beside a reference is passed over in 3.0.
    if keywords.len() > 1
        && let Some(reference) = keywords.remove("$ref")
    {
        keywords.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
    }
}

/// `"type": ["string", "null"]` -> `"type": "string", "nullable": true`
fn make_nullable(keywords: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = keywords.get_mut("type") else {
        return;
    };
    let all = types.len();
    types.retain(|kind| kind != "null");
    let is_nullable = types.len() < all;
    if let [kind] = &types[..] {
        let kind = kind.clone();
        keywords.insert("type".to_owned(), kind);
    }
    if is_nullable {
        keywords.insert("nullable".to_owned(), true.into());
    }
}

/// `"exclusiveMinimum": 0` -> `"minimum": 0, "exclusiveMinimum": true`
fn make_bound_exclusive(keywords: &mut Map<String, Value>, bound: &str) {
    let exclusive = format!("exclusive{bound}");
    if let Some(number) = keywords
        .get(&exclusive)
        .filter(|it| it.is_number())
        .cloned()
    {
        keywords.insert(bound.to_ascii_lowercase(), number);
        keywords.insert(exclusive, true.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(mut schema: Value) -> Value {
        convert_schema(&mut schema);
        schema
    }

    #[test]
    fn what_3_0_spells_otherwise_is_put_into_its_words() {
        for (newer, older) in [
            (
                json!({ "type": ["string", "null"] }),
                json!({ "type": "string", "nullable": true }),
            ),
            (
                json!({ "type": "integer", "exclusiveMinimum": 0 }),
                json!({ "type": "integer", "minimum": 0, "exclusiveMinimum": true }),
            ),
            (json!({ "const": "x" }), json!({ "enum": ["x"] })),
            (json!({ "examples": [1, 2] }), json!({ "example": 1 })),
            (json!({ "$ref": "#/x" }), json!({ "$ref": "#/x" })),
            (
                json!({ "$ref": "#/x", "description": "y" }),
                json!({ "allOf": [{ "$ref": "#/x" }], "description": "y" }),
            ),
        ] {
            assert_eq!(schema(newer.clone()), older);
            let inside = |schema: &Value| {
                json!({
                    "properties": { "const": { "items": schema } },
                    "additionalProperties": { "anyOf": [schema] }
                })
            };
            assert_eq!(schema(inside(&newer)), inside(&older));
        }
    }

    #[test]
    fn examples_and_what_has_the_name_of_a_keyword_are_left_alone() {
        let data = json!({
            "paths": { "/x": { "get": { "responses": { "200": { "content": { "application/json": {
                "schema": { "properties": { "type": { "type": "string" } } },
                "example": { "const": 1, "schema": { "type": ["string", "null"] } },
                "examples": { "one": { "value": { "schema": { "const": 1 } } } }
            } } } } } } }
        });
        let mut converted = data.clone();
        convert_schemas_in(&mut converted);
        assert_eq!(converted, data);
    }

    #[test]
    fn the_licence_is_named_by_its_url() {
        let description = json!({ "info": { "license": { "name": "MIT", "identifier": "MIT" } } });
        let converted = converted(description);
        assert_eq!(converted["openapi"], VERSION);
        assert_eq!(
            converted["info"]["license"],
            json!({ "name": "MIT", "url": "https://spdx.org/licenses/MIT.html" })
        );
    }
}
