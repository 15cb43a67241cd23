//! What a record keeps, and what can be read as one.

use proptest::prelude::*;
use serde_json::value::to_raw_value;
use time::OffsetDateTime;

use super::*;

const ID: &str = "01919f4c-6d00-7000-8000-000000000001";

fn read(body: &[u8]) -> Result<TaskRecord, UnreadableRecord> {
    TaskRecord::from_body(ID.parse().unwrap(), body, OffsetDateTime::UNIX_EPOCH)
}

fn assert_can_be_kept(record: &TaskRecord) {
    let document = record.to_document();
    let again = read(&document.body).unwrap();
    assert_eq!(again.to_document().body, document.body);
    let _ = record.trace_id();
}

#[test]
fn hostile_bodies_are_refused_or_can_be_kept() {
    corpus::each(|body| match read(body) {
        Ok(record) => assert_can_be_kept(&record),
        Err(refused) => assert!(refused.to_string().len() < 200, "{refused}"),
    });
}

#[test]
fn a_listing_shows_the_beginning_of_an_error_on_one_line() {
    let record = |message: String| TaskRecord {
        state: TaskState::Failed {
            error: TaskError {
                code: "TooLate".to_owned(),
                message,
            },
        },
        ..TaskRecord::queued(
            ID.parse().unwrap(),
            "k".to_owned(),
            to_raw_value(&1).unwrap(),
            OffsetDateTime::UNIX_EPOCH,
        )
    };
    let error = |message| record(message).to_document().head.error.unwrap();
    assert_eq!(error("two\r\n lines".to_owned()).message, "two lines");
    assert_eq!(error("\u{e9}".repeat(200)).message, "\u{e9}".repeat(128));
    assert_eq!(error("x".repeat(999)).code, "TooLate");
}

/// Any time that a record can hold.
fn time() -> impl Strategy<Value = Timestamp> {
    (0..=253_402_300_799_999_i64).prop_map(|milliseconds| {
        let nanoseconds = i128::from(milliseconds) * 1_000_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap()
    })
}

fn handed_over() -> impl Strategy<Value = HandedOver> {
    (any::<u32>(), any::<u32>(), time()).prop_map(|(attempt, spent, until)| HandedOver {
        attempt,
        spent,
        until,
    })
}

fn state() -> impl Strategy<Value = TaskState> {
    let error = || {
        ("[A-Z][A-Za-z]{1,20}", "\\PC{0,80}")
            .prop_map(|(code, message)| TaskError { code, message })
    };
    let queued = (
        proptest::option::of(time()),
        proptest::option::of(error().prop_map(Box::new)),
    );
    prop_oneof![
        queued.prop_map(|(due_at, last_error)| TaskState::Queued { due_at, last_error }),
        (
            proptest::option::of(0..=100_u8),
            proptest::option::of(handed_over())
        )
            .prop_map(|(percent, handed_over)| TaskState::Running {
                percent,
                handed_over
            }),
        "\\PC{0,80}".prop_map(|text| TaskState::Succeeded {
            result: to_raw_value(&text).unwrap()
        }),
        error().prop_map(|error| TaskState::Failed { error }),
        Just(TaskState::Canceled),
    ]
}

proptest! {
    #[test]
    fn any_body_is_refused_or_can_be_kept(text in corpus::any_text(), bytes in any::<Vec<u8>>()) {
        for body in [text.as_bytes(), &bytes] {
            if let Ok(record) = read(body) {
                assert_can_be_kept(&record);
            }
        }
    }

    #[test]
    fn any_record_reads_back_as_it_was_written(
        state in state(),
        kind in "\\PC{0,64}",
        input in "\\PC{0,80}",
        attempts in any::<u32>(),
        created_at in time(),
        traceparent in proptest::option::of("\\PC{0,60}"),
    ) {
        let record = TaskRecord {
            state,
            attempts,
            traceparent,
            ..TaskRecord::queued(ID.parse().unwrap(), kind, to_raw_value(&input).unwrap(), created_at)
        };
        let written = record.to_document();
        let read = read(&written.body).unwrap();
        prop_assert_eq!(read.to_document(), written);
    }
}

const KNOWN: &str = r#""id":"01919f4c-6d00-7000-8000-000000000001","kind":"a","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","attempts":1"#;

#[test]
fn what_a_newer_version_wrote_is_told_apart_from_damage() {
    for (body, is_newer) in [
        (format!(r#"{{"schema":2,"status":"queued",{KNOWN}}}"#), true),
        (format!(r#"{{"schema":1,"status":"paused",{KNOWN}}}"#), true),
        (r#"{"schema":2}"#.to_owned(), true),
        (r#"{"schema":4294967296,"status":7}"#.to_owned(), true),
        (format!(r#"{{"schema":1,"status":7,{KNOWN}}}"#), false),
        (r#"{"schema":1,"status":"queued"}"#.to_owned(), false),
        (
            format!(r#"{{"schema":1,"status":"failed",{KNOWN}}}"#),
            false,
        ),
        (r#"{"schema":-1}"#.to_owned(), false),
        ("[2]".to_owned(), false),
    ] {
        let refused = read(body.as_bytes()).unwrap_err();
        assert_eq!(refused.is_newer(), is_newer, "{body}: {refused}");
    }
}

#[test]
fn a_field_that_came_later_is_written_again_as_it_was() {
    let more = r#""lane":{"speed": 1.50},"tags":["\u0061"]"#;
    let body = format!(r#"{{"schema":1,"status":"queued",{KNOWN},{more}}}"#);
    let mut record = read(body.as_bytes()).unwrap();
    record.state = TaskState::Canceled;
    let written = record.to_document().body;
    let written = str::from_utf8(&written).unwrap();
    assert!(written.ends_with(&format!(",{more}}}")), "{written}");
    assert!(written.contains(r#""status":"canceled""#), "{written}");
}
