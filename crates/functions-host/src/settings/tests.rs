//! The two small languages.

use std::time::Duration;

use super::{Settings, parse_time_span};

#[test]
fn settings_are_expanded_and_time_spans_read() {
    let mut settings = Settings::default();
    settings.set("queue_name", "tasks");
    assert_eq!(
        settings.expand("a-%QUEUE_NAME%-b"),
        Ok("a-tasks-b".to_owned())
    );
    assert_eq!(settings.expand("100%"), Ok("100%".to_owned()));
    assert_eq!(settings.expand("%other%"), Err("other".to_owned()));
    assert_eq!(parse_time_span("00:10:30"), Some(Duration::from_secs(630)));
    for text in ["10", "00:60:00", "24:00:00", "00:00:00:00", "-1"] {
        assert_eq!(parse_time_span(text), None, "{text}");
    }
}
