//! What descriptions of requests with a body are made of.

use serde_json::Value;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::{ContentBuilder, Ref, Required};

/// A body that a request must have: JSON of a schema that is named, with examples, each with its name and
/// what it shows.
pub(in crate::api) fn request<const N: usize>(
    schema: &str,
    examples: [(&'static str, &'static str, Value); N],
) -> RequestBody {
    let examples = examples.map(|(name, summary, value)| {
        let example = ExampleBuilder::new().summary(summary).value(Some(value));
        (name, example.build())
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema)))
        .examples_from_iter(examples)
        .build();
    RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", content)
        .build()
}
