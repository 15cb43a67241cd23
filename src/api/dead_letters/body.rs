//! The body of a replay: the input that takes the place of the one that failed.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::edge::body::refuse_unknown;
use crate::api::edge::problem::{Code, Problem};
use engine::Edit;
use engine::json::{Object, present};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    input: Option<&'a RawValue>,
}

/// Reads it.
pub(super) fn read(body: &str) -> Result<Edit, Problem> {
    let Object(fields) =
        serde_json::from_str::<Object<Fields<'_>>>(body).map_err(refuse_unknown)?;
    let missing = || Problem::new(Code::MissingInput, "input is missing").target("input");
    let kind = fields.kind.map(|kind| {
        let text = serde_json::from_str::<Cow<'_, str>>(kind.get());
        text.map_err(|_| Problem::invalid("kind", "kind must be a string"))
    });
    Ok(Edit {
        kind: kind.transpose()?.map(Cow::into_owned),
        input: fields.input.ok_or_else(missing)?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_to_the_letter() {
        let edit = read(r#"{"input": [ 1.0 ], "kind": "echo"}"#).unwrap();
        assert_eq!(
            (edit.input.get(), edit.kind.as_deref()),
            ("[ 1.0 ]", Some("echo"))
        );
        let edit = read(r#"{"input": null}"#).unwrap();
        assert_eq!((edit.input.get(), edit.kind), ("null", None));
    }

    #[test]
    fn another_body_is_refused() {
        for (body, code) in [
            ("{}", "MissingInput"),
            (r#"{"input": 1, "kind": 2}"#, "InvalidKind"),
            (r#"{"input": 1, "other": 2}"#, "UnknownField"),
            (r#"{"input": 1, "input": 2}"#, "DuplicateField"),
            ("[1]", "InvalidBody"),
            ("{", "MalformedBody"),
        ] {
            let refused = read(body).unwrap_err().document("/");
            assert!(refused.contains(code), "{body}: {refused}");
        }
    }
}
