//! As large as it may be, and larger; as many as may wait, and more.

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use reqwest::Body;

use crate::helpers::app::{spawn_app, spawn_app_with};
use crate::helpers::eventually::eventually;

/// A body of exactly this length that is accepted, if it is not too long.
fn padded(length: usize) -> String {
    let body = r#"{"number":24}"#;
    " ".repeat(length - body.len()) + body
}

#[tokio::test]
async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let app = spawn_app_with(|config| config.max_body_bytes = 1_000);
    assert_eq!(app.client.submit(padded(1_000)).await.status, 202);
    let reply = app.client.submit(padded(1_001)).await;
    assert_eq!(reply.status, 413);
    let (code, target, sentence) = reply.problem();
    assert_eq!(
        (code.as_str(), target.as_deref()),
        ("BodyTooLarge", Some("body"))
    );
    assert_eq!(sentence, "the body is larger than 1000 bytes");
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn the_limit_holds_for_a_body_of_unknown_length() {
    let app = spawn_app_with(|config| config.max_body_bytes = 1_000);
    let chunked = |length: usize| {
        let body = Bytes::from(padded(length));
        let pieces: Vec<_> = body
            .chunks(100)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        Body::wrap_stream(stream::iter(pieces))
    };
    assert_eq!(app.client.submit(chunked(1_000)).await.status, 202);
    assert_eq!(app.client.submit(chunked(1_001)).await.status, 413);
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn a_body_of_megabytes_is_read_to_the_limit() {
    let app = spawn_app();
    let limit = 8 * 1024 * 1024;
    assert_eq!(app.client.submit(padded(limit)).await.status, 202);
    assert_eq!(app.client.submit(padded(limit + 1)).await.status, 413);
}

#[tokio::test]
async fn an_input_larger_than_a_message_comes_back_whole() {
    let app = spawn_app();
    let text = "ä\\n€".repeat(100_000);
    let id = app
        .client
        .run(&format!(
            r#"{{"kind": "echo", "input": {{"text": "{text}"}}}}"#
        ))
        .await;
    assert_eq!(
        app.client.fetch(&id).await.text(),
        format!(r#"{{"task_id":"{id}","text": "{text}"}}"#)
    );
}

#[tokio::test]
async fn the_largest_number_comes_back_with_all_its_digits() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 10000000}"#).await;
    let reply = app.client.fetch(&id).await.json();
    let digits = reply["calculation_result"].as_str().unwrap();
    // Length and first digits from Binet's formula, last digits by addition modulo 10^10.
    assert_eq!(digits.len(), 2_089_877);
    assert!(digits.starts_with("1129834378"));
    assert!(digits.ends_with("6380546875"));
    assert!(digits.bytes().all(|digit| digit.is_ascii_digit()));
}

#[tokio::test]
async fn a_queue_that_is_too_deep_takes_no_more_until_it_is_shorter() {
    let app = spawn_app_with(|config| config.max_queue_length = Some(3));
    let waiting = r#"{"kind": "waits", "input": 0}"#;
    for _ in 0..3 {
        app.client.accepted(waiting).await;
    }
    let refused = app.client.submit(waiting).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert_eq!(refused.problem().0, "TooManyTasks");
    app.client.has_taken(3).await;

    app.kinds.open_gate();
    eventually("a submission is accepted again", async || {
        let reply = app.client.submit(r#"{"number": 24}"#).await;
        Some(reply).filter(|reply| reply.status == 202)
    })
    .await;
}

#[tokio::test]
async fn a_burst_does_not_pass_the_limit() {
    let app = spawn_app_with(|config| config.max_queue_length = Some(5));
    let waiting = r#"{"kind": "waits", "input": 0}"#;
    let replies = join_all((0..500).map(|_| app.client.submit(waiting))).await;
    let count = |status| {
        replies
            .iter()
            .filter(|reply| reply.status == status)
            .count()
    };
    assert_eq!((count(202), count(429)), (5, 495));
    app.client.has_taken(5).await;
}

#[tokio::test]
async fn work_that_is_done_at_once_passes_a_small_limit() {
    let app = spawn_app_with(|config| config.max_queue_length = Some(5));
    for _ in 0..100 {
        app.client.run(r#"{"number": 24}"#).await;
        eventually("its message is gone", async || {
            let metrics = app.client.get_keyed("/api/metrics").await;
            metrics
                .text()
                .contains("\nqueue_messages 0\n")
                .then_some(())
        })
        .await;
    }
}
