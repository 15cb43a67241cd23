//! The body of a reply that gives a result under the task's id, as R0 does.

use std::fmt;
use std::sync::LazyLock;

use actix_web::web::Bytes;
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::schemas::names_with_a_type;
use engine::TaskId;

/// How the body begins.
const START: &str = r#"{"task_id":""#;

/// `{"task_id": …, <fields of the result>}`, or `"result"` as the one field when it is no object.
/// The result is copied as text: it may be megabytes.
pub(in crate::api) fn result_body(id: TaskId, result: &RawValue) -> Bytes {
    let text = result.get().trim();
    let fields = text.strip_prefix('{').map(str::trim_start);
    match fields {
        Some("}") => [START, &id.text(), r#""}"#].concat().into(),
        Some(fields) => [START, &id.text(), r#"","#, fields].concat().into(),
        None => apart(id, text),
    }
}

/// The same in reply to a submission. There `id`, `status` and others are the task's: a result that has
/// fields of these names is put into `"result"` as well, or a client would take them for those.
pub(in crate::api) fn submitted_result_body(id: TaskId, result: &RawValue) -> Bytes {
    static TAKEN: LazyLock<Vec<String>> = LazyLock::new(|| names_with_a_type().collect());
    if has_field_of(result, &TAKEN) {
        apart(id, result.get().trim())
    } else {
        result_body(id, result)
    }
}

fn apart(id: TaskId, result: &str) -> Bytes {
    let id = &id.text();
    [START, id, r#"","result":"#, result, "}"].concat().into()
}

/// Whether a result is an object with a field of one of these names. Its values are skipped over.
fn has_field_of(result: &RawValue, names: &[String]) -> bool {
    struct Fields<'n>(&'n [String]);

    impl<'de> Visitor<'de> for Fields<'_> {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            let mut is_taken = false;
            while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                is_taken |= self.0.contains(&name);
            }
            Ok(is_taken)
        }
    }

    // What is no object has no fields.
    let mut text = serde_json::Deserializer::from_str(result.get());
    text.deserialize_map(Fields(names)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    /// The bodies of a fetch and of a submission, without the id.
    fn bodies(result: &str) -> [String; 2] {
        let id = TaskId::new(datetime!(2026-11-21 11:37:42 UTC));
        let result = RawValue::from_string(result.to_owned()).unwrap();
        [result_body, submitted_result_body].map(|body| {
            let text = String::from_utf8(body(id, &result).to_vec()).unwrap();
            text.replace(&id.to_string(), "")
        })
    }

    #[test]
    fn the_fields_of_a_result_follow_the_id() {
        for (result, body) in [
            ("{}", r#"{"task_id":""}"#),
            (r#"{ "a": 1 }"#, r#"{"task_id":"","a": 1 }"#),
            (
                r#"{"number":1,"result":2}"#,
                r#"{"task_id":"","number":1,"result":2}"#,
            ),
            ("[1]", r#"{"task_id":"","result":[1]}"#),
            ("null", r#"{"task_id":"","result":null}"#),
        ] {
            assert_eq!(bodies(result), [body, body], "{result}");
        }
    }

    #[test]
    fn in_reply_to_a_submission_a_field_that_is_a_tasks_own_is_not_a_results() {
        for name in ["id", "kind", "status", "error", "task_id", r"i\u0064"] {
            let result = format!(r#"{{"a":{{}},"{name}":7}}"#);
            let [fetched, submitted] = bodies(&result);
            assert_eq!(fetched, format!(r#"{{"task_id":"",{}"#, &result[1..]));
            assert_eq!(submitted, format!(r#"{{"task_id":"","result":{result}}}"#));
        }
    }
}
