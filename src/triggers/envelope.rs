//! The envelope of an invocation: `{"Data": {"<binding>": …}, "Metadata": {…}}`.
//!
//! The host writes a string as JSON text inside a JSON string, and numbers as text too. What it
//! does not promise (which keys the metadata holds, how often a value is encoded) is read leniently.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::tasks::Delivery;
use crate::timestamp;

/// One call from the host.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Invocation<'a> {
    /// The input bindings; our triggers have one each.
    #[serde(borrow)]
    data: BTreeMap<Cow<'a, str>, &'a RawValue>,
    #[serde(borrow, default)]
    metadata: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// The host's value is not a message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the invocation holds {0} values, not one")]
pub(super) struct NotOneValue(usize);

impl<'a> Invocation<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// The queue message. Of the metadata only what the queue alone can know is read: the message's
    /// own fields are copied over it, and `Id` is the task's for every message that R0 wrote.
    pub(super) fn delivery(&self) -> Result<Delivery, NotOneValue> {
        let mut values = self.data.values();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(NotOneValue(self.data.len()));
        };
        Ok(Delivery {
            text: decode_twice(value),
            dequeue_count: self
                .metadata("DequeueCount")
                .and_then(|text| text.parse().ok())
                .filter(|count| *count > 0)
                .unwrap_or(1),
            inserted_at: self
                .metadata("InsertionTime")
                .and_then(|text| timestamp::parse(&text)),
        })
    }

    fn metadata(&self, key: &str) -> Option<String> {
        self.metadata.get(key).map(|value| decode_twice(value))
    }
}

/// The text of a value that the host has encoded twice, or once, or not at all.
fn decode_twice(value: &RawValue) -> String {
    let Ok(once) = serde_json::from_str::<String>(value.get()) else {
        return value.get().to_owned();
    };
    serde_json::from_str::<String>(&once).unwrap_or(once)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus;

    fn delivery(body: &str) -> Delivery {
        Invocation::parse(body.as_bytes())
            .unwrap()
            .delivery()
            .unwrap()
    }

    #[test]
    fn a_message_is_decoded_twice() {
        let delivery = delivery(
            r#"{"Data":{"message":"\"{\\\"a\\\":1}\""},"Metadata":{"DequeueCount":"3","InsertionTime":"2026-08-20T10:00:00+00:00","sys":{}}}"#,
        );
        assert_eq!(delivery.text, r#"{"a":1}"#);
        assert_eq!(delivery.dequeue_count, 3);
        assert_eq!(
            delivery.inserted_at.unwrap().unix_timestamp(),
            1_787_220_000
        );
    }

    #[test]
    fn a_message_that_is_encoded_less_often_is_read_too() {
        assert_eq!(
            delivery(r#"{"Data":{"m":"{\"a\":1}"},"Metadata":{}}"#).text,
            r#"{"a":1}"#
        );
        assert_eq!(delivery(r#"{"Data":{"m":{"a":1}}}"#).text, r#"{"a":1}"#);
        assert_eq!(
            delivery(r#"{"Data":{"m":"\"hello \\\"queue\\\"\""}}"#).text,
            "hello \"queue\""
        );
    }

    #[test]
    fn the_dequeue_count_is_a_number_in_any_wrapping_or_one() {
        for (count, expected) in [
            ("\"5\"", 5),
            ("5", 5),
            ("\"\\\"5\\\"\"", 5),
            ("null", 1),
            ("\"many\"", 1),
            ("-1", 1),
            // An invocation by hand, through the host's admin endpoint.
            ("\"0\"", 1),
        ] {
            let body = format!(r#"{{"Data":{{"m":"x"}},"Metadata":{{"DequeueCount":{count}}}}}"#);
            assert_eq!(delivery(&body).dequeue_count, expected, "{count}");
        }
    }

    #[test]
    fn an_envelope_without_exactly_one_value_is_refused() {
        for (body, values) in [(r#"{"Data":{}}"#, 0), (r#"{"Data":{"a":1,"b":2}}"#, 2)] {
            let refused = Invocation::parse(body.as_bytes()).unwrap().delivery();
            assert_eq!(refused.unwrap_err(), NotOneValue(values));
        }
        assert!(Invocation::parse(b"{}").is_err());
        assert!(Invocation::parse(b"hello").is_err());
    }

    fn read(body: &[u8]) {
        if let Ok(Ok(delivery)) = Invocation::parse(body).map(|found| found.delivery()) {
            assert!(delivery.dequeue_count > 0);
            assert!(delivery.text.len() <= body.len());
        }
    }

    #[test]
    fn hostile_envelopes_are_refused_or_read() {
        corpus::each(read);
    }

    proptest! {
        #[test]
        fn any_body_is_refused_or_read(text in corpus::any_text(), bytes in any::<Vec<u8>>()) {
            read(text.as_bytes());
            read(&bytes);
        }

        /// As the host writes it: JSON text inside a JSON string, numbers as text.
        #[test]
        fn a_message_comes_out_as_it_was_put_in(text in "\\PC*|\\{.*\\}", count in 1..=u32::MAX) {
            let once = serde_json::to_string(&text).unwrap();
            let body = serde_json::json!({
                "Data": {"message": once}, "Metadata": {"DequeueCount": count.to_string()},
            });
            let found = delivery(&body.to_string());
            prop_assert_eq!((found.text, found.dequeue_count), (text, count));
        }
    }
}
