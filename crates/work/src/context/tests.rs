//! Attempts: what they know, and how they end.

use super::*;
use crate::Told;

#[test]
fn an_attempt_knows_its_task() {
    let cx = Context::new(ContextParts {
        task_id: "a-task".to_owned(),
        kind: KindName::new("word-count").unwrap(),
        attempt: 3,
        traceparent: Some("00-a-b-01".to_owned()),
        ..ContextParts::for_test()
    });
    assert_eq!(cx.task_id(), "a-task");
    assert_eq!(cx.kind().as_str(), "word-count");
    assert_eq!(cx.attempt(), 3);
    assert_eq!(cx.traceparent(), Some("00-a-b-01"));
    let left = cx.time_left();
    assert!(left > Duration::ZERO && left <= TEST_TIME_LIMIT, "{left:?}");
}

#[test]
fn after_its_deadline_an_attempt_has_no_time_left() {
    let cx = Context::new(ContextParts {
        deadline: SystemTime::UNIX_EPOCH,
        ..ContextParts::for_test()
    });
    assert_eq!(cx.time_left(), Duration::ZERO);
    assert_eq!(cx.deadline(), SystemTime::UNIX_EPOCH);
}

#[tokio::test]
async fn an_attempt_that_is_stopped_says_so() {
    let stop = CancellationToken::new();
    let cx = Context::new(ContextParts {
        stop: stop.clone(),
        ..ContextParts::for_test()
    });
    assert!(!cx.stop_requested());
    assert!(cx.check_stop().is_ok());
    let waiting = tokio::spawn({
        let cx = cx.clone();
        async move { cx.stopped().await }
    });
    stop.cancel();
    waiting.await.unwrap();
    assert!(cx.stop_requested());
    assert_eq!(cx.check_stop().unwrap_err().told(), Told::Stopped);
}

#[test]
fn a_percentage_is_at_most_a_hundred_and_is_seen_in_every_clone() {
    let cx = Context::for_test();
    assert_eq!(cx.percent(), None);
    let clone = cx.clone();
    clone.report_percent(0);
    assert_eq!(cx.percent(), Some(0));
    cx.report_percent(u8::MAX);
    assert_eq!(clone.percent(), Some(100));
}

#[test]
fn work_is_handed_over_only_where_its_end_can_be_reported() {
    let cx = Context::for_test();
    assert_eq!(cx.callback(), None);
    assert_eq!(
        cx.hand_over().told(),
        Told::Permanent {
            code: ErrorCode::literal("NoCallback"),
            message: "the service takes no results from others".to_owned(),
        }
    );
    let cx = Context::new(ContextParts {
        callback: Some(Callback::new("https://here/?token=secret")),
        ..ContextParts::for_test()
    });
    assert_eq!(cx.hand_over().told(), Told::HandedOver);
    assert!(!format!("{cx:?}").contains("secret"));
}
