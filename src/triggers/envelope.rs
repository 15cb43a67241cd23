//! The envelope of an invocation: `{"Data": {"<binding>": …}, "Metadata": {…}}`.
//!
//! The host writes a string as JSON text inside a JSON string, and numbers as text too. What it
//! does not promise (which keys the metadata holds, how often a message is encoded) is read leniently.
//!
//! It copies the top-level fields of a message over its own metadata, whatever their case. But it makes
//! a field a string first, and so encodes it once more than a count or a time of its own: `99` in the
//! message comes as `"\"99\""`, where its own count is `"1"`. What is encoded like that is the message's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use engine::limits::MAX_DEQUEUE_COUNT;
use ports::{Delivery, timestamp};

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

    /// The queue message. Of the metadata only what the queue alone can know is read, and only where it
    /// is the host's word: `Id` is the task's for every message that R0 wrote.
    ///
    /// A count that the message has hidden is taken for the first. Nothing endless follows: the attempt
    /// after a failed one has a message of ours, without such a field, and the deliveries of a message
    /// whose attempts break off are counted, and ended, by the host.
    pub(super) fn delivery(&self) -> Result<Delivery, NotOneValue> {
        let mut values = self.data.values();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(NotOneValue(self.data.len()));
        };
        Ok(Delivery {
            text: decode_twice(value),
            dequeue_count: self
                .of_host("DequeueCount")
                .and_then(|text| text.parse().ok())
                .map_or(1, |count: u32| count.clamp(1, MAX_DEQUEUE_COUNT)),
            inserted_at: self
                .of_host("InsertionTime")
                .and_then(|text| timestamp::parse(&text)),
            // The host holds the message, and settles it by our answer.
            receipt: None,
        })
    }

    /// A number or a time as the host writes its own; a field of the message keeps its quotes, and is
    /// neither.
    fn of_host(&self, key: &str) -> Option<String> {
        let value = self.metadata.get(key)?.get();
        Some(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()))
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
    fn the_dequeue_count_is_the_hosts_and_no_more_than_it_can_be() {
        for (count, expected) in [
            (r#""5""#, 5),
            ("5", 5),
            (r#""99""#, 5),
            // Fields of the message, which the host has encoded once more.
            (r#""\"4\"""#, 1),
            (r#""\"99\"""#, 1),
            (r#"{"a":1}"#, 1),
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
    fn a_time_is_the_hosts_or_none() {
        for (time, is_known) in [
            (r#""2026-08-20T10:00:00+00:00""#, true),
            (r#""\"08/20/2026 10:00:00\"""#, false),
            (r#""\"2026-08-20T10:00:00+00:00\"""#, false),
            ("1", false),
        ] {
            let body = format!(r#"{{"Data":{{"m":"x"}},"Metadata":{{"InsertionTime":{time}}}}}"#);
            assert_eq!(delivery(&body).inserted_at.is_some(), is_known, "{time}");
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
            assert!((1..=MAX_DEQUEUE_COUNT).contains(&delivery.dequeue_count));
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
        fn a_message_comes_out_as_it_was_put_in(text in "\\PC*|\\{.*\\}", count in 1..=MAX_DEQUEUE_COUNT) {
            let once = serde_json::to_string(&text).unwrap();
            let body = serde_json::json!({
                "Data": {"message": once}, "Metadata": {"DequeueCount": count.to_string()},
            });
            let found = delivery(&body.to_string());
            prop_assert_eq!((found.text, found.dequeue_count), (text, count));
        }
    }
}
