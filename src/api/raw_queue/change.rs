//! The body of `PUT /api/queue/messages/{message_id}`, read.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::content::text_of;
use super::parameters::{HIDDEN, LONGEST_HIDDEN};
use crate::api::edge::body::refuse_unknown;
use crate::api::edge::problem::Problem;
use crate::api::edge::query::out_of_range;
use engine::json::{Object, present};

/// The fields. All but the first may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    pop_receipt: Option<&'a RawValue>,
    /// `null` leaves the message as it is.
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    /// `null` is the default, as R1's model has it.
    #[serde(borrow, default)]
    visibility_timeout: Option<&'a RawValue>,
}

/// What is to become of a message.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) pop_receipt: String,
    /// What it says from now on, if that is something else.
    pub(super) text: Option<String>,
    pub(super) hide: Duration,
}

/// Reads a change.
pub(super) fn read(body: &str) -> Result<Change, Problem> {
    let Object(fields) =
        serde_json::from_str::<Object<Fields<'_>>>(body).map_err(refuse_unknown)?;
    let pop_receipt = fields
        .pop_receipt
        .and_then(|receipt| serde_json::from_str::<String>(receipt.get()).ok())
        .filter(|receipt| !receipt.is_empty())
        .ok_or_else(|| {
            Problem::invalid(
                "pop_receipt",
                "pop_receipt must be the text that the last lease or change gave",
            )
        })?;
    let content = fields.content.map(RawValue::get);
    let seconds = 0..=LONGEST_HIDDEN;
    let hide = match fields.visibility_timeout {
        None => HIDDEN,
        Some(number) => serde_json::from_str(number.get())
            .ok()
            .filter(|number| seconds.contains(number))
            .ok_or_else(|| out_of_range("visibility_timeout", &seconds))?,
    };
    Ok(Change {
        pop_receipt,
        text: content.map(|json| text_of(json, "content")).transpose()?,
        hide: Duration::from_secs(hide.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_of_the_content_or_of_the_time_alone() {
        let change = read(r#"{"pop_receipt": "r", "content": {"a": [1, 2]}}"#).unwrap();
        assert_eq!(change.pop_receipt, "r");
        assert_eq!(change.text.as_deref(), Some(r#"{"a":[1,2]}"#));
        assert_eq!(change.hide, Duration::from_secs(30));
        let change = read(r#"{"pop_receipt": "r", "visibility_timeout": null}"#).unwrap();
        assert_eq!((change.text, change.hide), (None, Duration::from_secs(30)));
        for body in [
            r#"{"visibility_timeout": 0, "pop_receipt": "r"}"#,
            r#"{"visibility_timeout": 0, "pop_receipt": "r", "content": null}"#,
        ] {
            let change = read(body).unwrap();
            assert_eq!((change.text, change.hide), (None, Duration::ZERO));
        }
    }

    #[test]
    fn a_change_that_cannot_be_meant_names_the_field() {
        for (body, target) in [
            ("{}", "pop_receipt"),
            (r#"{"content": {}}"#, "pop_receipt"),
            (r#"{"pop_receipt": ""}"#, "pop_receipt"),
            (r#"{"pop_receipt": null}"#, "pop_receipt"),
            (r#"{"pop_receipt": 7}"#, "pop_receipt"),
            (
                r#"{"pop_receipt": "r", "visibility_timeout": -1}"#,
                "visibility_timeout",
            ),
            (
                r#"{"pop_receipt": "r", "visibility_timeout": 604801}"#,
                "visibility_timeout",
            ),
            (
                r#"{"pop_receipt": "r", "visibility_timeout": "30"}"#,
                "visibility_timeout",
            ),
            (r#"{"pop_receipt": "r", "contents": 1}"#, "contents"),
            (r#"{"pop_receipt": "r", "pop_receipt": "r"}"#, "pop_receipt"),
            ("[]", "body"),
            ("{", "body"),
        ] {
            let problem = read(body).unwrap_err().document("/");
            let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
            assert_eq!(problem["error"]["target"], target, "{body}");
        }
    }

    #[test]
    fn hostile_bodies_are_read_or_refused() {
        corpus::each_text(|text| {
            if let Err(refused) = read(text) {
                assert!(refused.to_string().len() < 200, "{refused}");
            }
        });
    }
}
