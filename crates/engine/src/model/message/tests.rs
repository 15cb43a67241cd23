//! What is understood as a message, and what is not.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::*;

const ID: &str = "01919f4c-6d00-7000-8000-000000000001";

fn message<'a>(kind: &'a str, input: &'a str) -> TaskMessage<'a> {
    TaskMessage {
        kind: Some(kind.into()),
        input: Some(Cow::Borrowed(serde_json::from_str(input).unwrap())),
        etag: Some(Cow::Owned(ETag::new("0x1"))),
        ..TaskMessage::naming(ID.parse().unwrap())
    }
}

#[test]
fn a_fibonacci_message_is_one_that_r0_can_read() {
    let text = message(R0_KIND, r#"{"number":"12"}"#).to_text();
    assert_eq!(
        text,
        format!(r#"{{"id":"{ID}","number":"12","kind":"fibonacci","etag":"0x1"}}"#)
    );
}

#[test]
fn a_message_reads_back_as_it_was_written() {
    let sent = message("other", r#"{"a":[1, 2.50]}"#);
    let read = TaskMessage::parse(&sent.to_text()).unwrap();
    assert_eq!(read.id, sent.id);
    assert_eq!(read.kind.as_deref(), Some("other"));
    assert_eq!(read.input.unwrap().get(), r#"{"a":[1, 2.50]}"#);
    assert_eq!(read.etag, sent.etag);
}

#[test]
fn a_large_input_stays_in_the_record() {
    let text = message("other", &format!("\"{}\"", "x".repeat(MAX_MESSAGE_BYTES))).to_text();
    assert!(text.len() < 200);
    let read = TaskMessage::parse(&text).unwrap();
    assert_eq!(read.kind.as_deref(), Some("other"));
    assert!(read.input.is_none());
}

#[test]
fn an_input_that_xml_cannot_carry_stays_in_the_record() {
    let text = message("other", "\"\u{FFFF}\"").to_text();
    assert!(TaskMessage::parse(&text).unwrap().input.is_none());
}

#[test]
fn a_message_of_r0_is_a_fibonacci_task_without_a_record() {
    let read = TaskMessage::parse(&format!(r#"{{"id": "{ID}", "number": 24}}"#)).unwrap();
    assert_eq!(read.kind.as_deref(), Some(R0_KIND));
    assert_eq!(read.input.unwrap().get(), r#"{"number":24}"#);
    assert_eq!(read.etag, None);
}

#[test]
fn base64_of_a_message_is_read_too() {
    let text = BASE64_STANDARD.encode(format!(r#"{{"id":"{ID}","number":1}}"#));
    assert_eq!(TaskMessage::parse(&text).unwrap().id.to_string(), ID);
}

#[test]
fn null_beside_a_number_is_no_input_and_alone_it_is_one() {
    let beside = format!(r#"{{"id":"{ID}","number":7,"kind":null,"input":null,"etag":null}}"#);
    let read = TaskMessage::parse(&beside).unwrap();
    assert_eq!(read.kind.as_deref(), Some(R0_KIND));
    assert_eq!(read.input.unwrap().get(), r#"{"number":7}"#);
    let alone = format!(r#"{{"id":"{ID}","kind":"echo","input":null}}"#);
    assert_eq!(
        TaskMessage::parse(&alone).unwrap().input.unwrap().get(),
        "null"
    );
}

#[test]
fn a_count_that_is_null_is_none() {
    let text = format!(r#"{{"id":"{ID}","number":7,"attempts":null,"spent":null,"retries":null}}"#);
    let read = TaskMessage::parse(&text).unwrap();
    assert_eq!((read.count, read.retries), (Count::default(), 0));
}

#[test]
fn what_is_not_a_message_is_refused_without_being_quoted() {
    for text in [
        "",
        "hello \"queue\"",
        "[1]",
        "null",
        "aGVsbG8=",
        "{",
        "{\"id\":\"secret\"}",
    ] {
        let refused = TaskMessage::parse(text).unwrap_err();
        assert_eq!(refused.id, None, "{text}");
        assert!(!refused.reason.contains("secret"));
    }
}

#[test]
fn a_version_that_no_store_gives_is_refused() {
    for etag in [
        String::new(),
        "\"0x1\"".to_owned(),
        "0x1".repeat(43),
        "é".to_owned(),
    ] {
        let text = serde_json::json!({"id": ID, "number": 1, "etag": etag}).to_string();
        let refused = TaskMessage::parse(&text).unwrap_err();
        assert!(refused.reason.contains("impossible version"), "{etag}");
    }
}

#[test]
fn a_refused_message_still_names_its_task() {
    let text = format!(r#"{{"id":"{ID}","kind":7}}"#);
    assert_eq!(
        TaskMessage::parse(&text)
            .unwrap_err()
            .id
            .unwrap()
            .to_string(),
        ID
    );
}

#[test]
fn hostile_messages_are_refused_or_can_be_sent_again() {
    corpus::each_text(|text| match TaskMessage::parse(text) {
        Ok(message) => assert_can_be_sent(&message),
        Err(refused) => assert!(refused.reason.len() < 200, "{}", refused.reason),
    });
}

fn assert_can_be_sent(message: &TaskMessage) {
    let text = message.to_text();
    assert!(text.len() <= MAX_MESSAGE_BYTES, "{} bytes", text.len());
    let again = TaskMessage::parse(&text).unwrap();
    assert_eq!(again.id, message.id);
    assert_eq!(again.etag, message.etag);
    assert_eq!(again.count, message.count);
}

proptest! {
    #[test]
    fn any_text_is_refused_or_can_be_sent_again(text in corpus::any_text()) {
        for text in [text.clone(), BASE64_STANDARD.encode(&text)] {
            if let Ok(message) = TaskMessage::parse(&text) {
                assert_can_be_sent(&message);
            }
        }
    }

    #[test]
    fn any_message_reads_back_as_it_was_written(
        bits in any::<u128>(),
        kind in "[A-Za-z0-9_.-]{1,64}",
        input in "\\PC{0,200}",
        etag in proptest::option::of("[!#-~]{1,128}"),
        counts in any::<(u32, u32)>(),
        traceparent in proptest::option::of("00-[1-9a-f]{32}-[1-9a-f]{16}-[0-9a-f]{2}"),
    ) {
        let id = uuid::Builder::from_unix_timestamp_millis(1, &bits.to_be_bytes()[..10].try_into().unwrap());
        let sent = TaskMessage {
            kind: Some(Cow::Owned(kind)),
            input: Some(Cow::Owned(to_raw_value(&input).unwrap())),
            etag: etag.map(|etag| Cow::Owned(ETag::new(etag))),
            count: Count {
                attempts: counts.0,
                spent: counts.1,
                later_since: None,
            },
            traceparent: traceparent.map(Cow::Owned),
            ..TaskMessage::naming(id.into_uuid().to_string().parse().unwrap())
        };
        let read = TaskMessage::parse(&sent.to_text()).unwrap();
        prop_assert_eq!(format!("{read:?}"), format!("{sent:?}"));
    }
}

#[test]
fn times_travel_as_text_and_others_are_passed_over() {
    let due_at = timestamp::parse("2026-08-20T10:00:00.123Z");
    let created_at = timestamp::parse("2026-08-19T10:00:00Z");
    let sent = TaskMessage {
        due_at,
        created_at,
        ..TaskMessage::naming(ID.parse().unwrap())
    };
    let text = sent.to_text();
    assert_eq!(
        text,
        format!(
            r#"{{"id":"{ID}","due_at":"2026-08-20T10:00:00.123Z","created_at":"2026-08-19T10:00:00.000Z"}}"#
        )
    );
    let read = TaskMessage::parse(&text).unwrap();
    assert_eq!((read.due_at, read.created_at), (due_at, created_at));
    for value in ["1", "null", r#""soon""#, r#"{"a":1}"#, r#""9999-99-99""#] {
        let text = format!(r#"{{"id":"{ID}","due_at":{value},"created_at":{value}}}"#);
        let read = TaskMessage::parse(&text).unwrap();
        assert_eq!((read.due_at, read.created_at), (None, None), "{value}");
        assert!(read.others.is_empty());
    }
}

#[test]
fn a_key_that_is_not_known_is_sent_on_while_there_is_room() {
    for (length, is_kept, is_complete) in [
        (10, true, true),
        (MAX_MESSAGE_BYTES - 500, true, false),
        (MAX_MESSAGE_BYTES, false, false),
    ] {
        let (more, input) = ("x".repeat(length), "y".repeat(1_000));
        let text = format!(r#"{{"id":"{ID}","kind":"a","input":"{input}","later":"{more}"}}"#);
        let again = TaskMessage::parse(&text).unwrap().to_text();
        assert!(again.len() <= MAX_MESSAGE_BYTES);
        assert_eq!(again.contains(r#""later":"xx"#), is_kept, "{length}");
        // Without its input, whoever gets it reads the record.
        assert_eq!(again.contains(r#""input":"yy"#), is_complete, "{length}");
    }
}
