//! How values are written into `Data` and `Metadata`.
//!
//! Protocol: How each value is written; Metadata, all triggers; queueTrigger.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use uuid::Uuid;

use super::storage_queue::Message;

/// A string, number, boolean or array: its JSON text inside a string. So a string is encoded
/// twice.
pub(crate) fn encode(value: impl Into<Value>) -> Value {
    Value::String(value.into().to_string())
}

/// A date with offset: ISO text, encoded once, the fraction of a second dropped.
pub(crate) fn encode_date(date: OffsetDateTime) -> Value {
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory]:[offset_minute]"
    );
    Value::String(date.format(&format).expect("every component is there"))
}

/// The entry every invocation has.
pub(crate) fn sys(function: &str) -> Value {
    let now = OffsetDateTime::now_utc();
    json!({
        "MethodName": function,
        "UtcNow": now.format(&Rfc3339).expect("this century"),
        "RandGuid": Uuid::now_v7().to_string(),
    })
}

/// `Metadata` of a queue function: the built-in keys, then what leaks in from the message.
pub(crate) fn queue_metadata(function: &str, message: &Message, text: &str) -> Value {
    let mut metadata = Map::new();
    metadata.insert("DequeueCount".into(), encode(message.dequeue_count));
    metadata.insert(
        "ExpirationTime".into(),
        encode_date(message.expiration_time),
    );
    metadata.insert("Id".into(), encode(message.id.as_str()));
    metadata.insert("InsertionTime".into(), encode_date(message.insertion_time));
    metadata.insert(
        "NextVisibleTime".into(),
        encode_date(message.next_visible_time),
    );
    metadata.insert("PopReceipt".into(), encode(message.pop_receipt.as_str()));
    metadata.insert("sys".into(), sys(function));
    leak(text, &mut metadata);
    metadata.retain(|key, _| !key.to_ascii_lowercase().ends_with("trigger"));
    Value::Object(metadata)
}

/// Adds the top-level fields of a message that is a JSON object, in their order. Keys are compared
/// ignoring case; the message's value wins under the spelling that was there first.
fn leak(text: &str, metadata: &mut Map<String, Value>) {
    let Ok(Fields(fields)) = serde_json::from_str(text) else {
        return;
    };
    for (key, raw) in fields {
        if let Some(value) = convert(raw.get()) {
            let known = metadata
                .keys()
                .find(|known| known.eq_ignore_ascii_case(&key));
            let key = known.cloned().unwrap_or(key);
            metadata.insert(key, value);
        }
    }
}

/// The fields of a JSON object, as they are written.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// Scalars become .NET text first, then are encoded; objects stay; arrays and null stay out.
fn convert(raw: &str) -> Option<Value> {
    let Ok(value) = serde_json::from_str(raw) else {
        // JSON it is, so it is a number that is too large for .NET as well.
        return Some(encode(if raw.starts_with('-') {
            "-Infinity"
        } else {
            "Infinity"
        }));
    };
    let text = match value {
        Value::Null | Value::Array(_) => return None,
        object @ Value::Object(_) => return Some(object),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        // From the raw text, since an integer of any size keeps its digits.
        Value::Number(number) if raw.contains(['.', 'e', 'E']) => number.to_string(),
        Value::Number(_) => raw.to_owned(),
        Value::String(text) => match OffsetDateTime::parse(&text, &Rfc3339) {
            Ok(date) => date
                .to_offset(time::UtcOffset::UTC)
                .format(&format_description!(
                    "[month]/[day]/[year] [hour]:[minute]:[second]"
                ))
                .expect("every component is there"),
            Err(_) => text,
        },
    };
    Some(encode(text))
}

#[cfg(test)]
mod tests;
