//! The envelopes made here against the recorded vectors.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use super::{encode, queue_metadata};
use crate::Message;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors");

fn vector(name: &str) -> Value {
    let file = format!("{VECTORS}/{name}.json");
    let text = std::fs::read_to_string(file).expect("a vector of this name");
    let mut vector: Value = serde_json::from_str(&text).expect("a JSON vector");
    vector["request"]["body"].take()
}

fn message(pop_receipt: &str, dequeue_count: u32) -> Message {
    Message {
        id: "800ae4b3-bdd2-4c08-badd-f08e5a34b865".to_owned(),
        insertion_time: datetime!(2026-08-20 10:00:00 UTC),
        expiration_time: datetime!(2026-08-27 10:00:00 UTC),
        next_visible_time: datetime!(2026-08-20 10:10:01 UTC),
        pop_receipt: pop_receipt.to_owned(),
        dequeue_count,
        text: String::new(),
    }
}

#[test]
fn a_json_message_is_enveloped_as_in_the_vectors() {
    for (name, receipt, dequeue_count) in [
        ("queue-json", "AgAAAAMAAAAAAAAAAgtnj8x+1QE=", 1),
        ("queue-dequeue5", "AgAAAAMAAAAAAAAAAgtnj8x+1QM=", 5),
    ] {
        let mut expected = vector(name);
        let data = expected["Data"]["message"].as_str().unwrap();
        let text: String = serde_json::from_str(data).unwrap();
        assert_eq!(encode(text.as_str()), data);

        let mut metadata = queue_metadata("queue_worker", &message(receipt, dequeue_count), &text);
        assert_eq!(metadata["sys"]["MethodName"], "queue_worker");
        metadata["sys"].take();
        expected["Metadata"]["sys"].take();
        assert_eq!(metadata, expected["Metadata"], "{name}");
    }
}

/// The message of a recorded envelope; what its own fields have hidden does not matter, as they hide it
/// again.
fn recorded(metadata: &Value) -> Message {
    let own = |key: &str| metadata[key].as_str().unwrap();
    let time = |key| OffsetDateTime::parse(own(key), &Rfc3339).unwrap();
    let text = |key| serde_json::from_str(own(key)).unwrap();
    Message {
        id: text("Id"),
        insertion_time: time("InsertionTime"),
        expiration_time: time("ExpirationTime"),
        next_visible_time: time("NextVisibleTime"),
        pop_receipt: text("PopReceipt"),
        dequeue_count: own("DequeueCount").parse().unwrap_or(1),
        text: String::new(),
    }
}

#[test]
fn every_message_is_enveloped_as_it_was_recorded() {
    let text = std::fs::read_to_string(format!("{VECTORS}/observed-4.1037.json")).unwrap();
    let observed: Vec<Value> = serde_json::from_str(&text).unwrap();
    for mut observed in observed {
        let mut body = observed["request"]["body"].take();
        let Some(data) = body["Data"]["message"].as_str() else {
            continue;
        };
        let text: String = serde_json::from_str(data).unwrap();
        assert_eq!(encode(text.as_str()), data);
        let message = recorded(&body["Metadata"]);
        let mut metadata = queue_metadata("queue_worker", &message, &text);
        for metadata in [&mut metadata, &mut body["Metadata"]] {
            if metadata["sys"].is_object() {
                metadata["sys"].take();
            }
        }
        assert_eq!(metadata, body["Metadata"], "{text}");
    }
}

#[test]
fn plain_text_leaks_nothing() {
    let expected = vector("queue-plain-string");
    let metadata = queue_metadata("queue_worker", &message("", 1), "hello \"queue\" \\ café");
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&metadata), keys(&expected["Metadata"]));
    assert_eq!(
        encode("hello \"queue\" \\ café"),
        expected["Data"]["message"]
    );
}

#[test]
fn a_message_field_wins_over_a_built_in_one_and_triggers_stay_out() {
    let text = r#"{"dequeuecount": 99, "sys": "mine", "myTrigger": 1, "big": 123456789012345678901234567890}"#;
    let metadata = queue_metadata("queue_worker", &message("", 1), text);
    assert_eq!(metadata["DequeueCount"], "\"99\"");
    assert_eq!(metadata["sys"], "\"mine\"");
    assert_eq!(metadata["big"], "\"123456789012345678901234567890\"");
    assert!(metadata.get("myTrigger").is_none());
}
