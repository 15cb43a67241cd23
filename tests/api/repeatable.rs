//! Repeatable requests, as Azure's clients send them: the same mechanism as `Idempotency-Key`.

use std::time::{Duration, SystemTime};

use actix_web::http::header::HttpDate;

use crate::helpers::app::{App, spawn_app};
use crate::helpers::reply::Reply;

const BODY: &str = r#"{"number": 24}"#;
const ID: &str = "7d0c1a52-5b8e-4b8a-9f0e-2f3c1d0e9a11";

/// The date so long ago, as a client writes it.
fn ago(duration: Duration) -> String {
    HttpDate::from(SystemTime::now() - duration).to_string()
}

fn now() -> String {
    ago(Duration::ZERO)
}

async fn submit(app: &App, headers: &[(&str, &str)], body: &str) -> Reply {
    let request = headers
        .iter()
        .fold(app.client.post_task(), |request, (name, value)| {
            request.header(*name, *value)
        });
    app.client.send(request.body(body.to_owned())).await
}

async fn repeatable(app: &App, first_sent: &str, body: &str) -> Reply {
    let headers = [
        ("repeatability-request-id", ID),
        ("repeatability-first-sent", first_sent),
    ];
    submit(app, &headers, body).await
}

#[tokio::test]
async fn a_repeated_request_is_the_same_task() {
    let app = spawn_app();
    let first_sent = ago(Duration::from_secs(22 * 60 * 60));
    let first = repeatable(&app, &first_sent, BODY).await;
    assert_eq!(first.status, 202);
    assert_eq!(first.header("repeatability-result"), Some("accepted"));
    app.client
        .ended(first.header("operation-id").unwrap())
        .await;
    let again = repeatable(&app, &first_sent, BODY).await;
    assert_eq!(again.transcript(), first.transcript());
    assert_eq!(again.text(), first.text());
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn one_text_is_one_key_in_either_header() {
    let app = spawn_app();
    let key = ("idempotency-key", ID);
    let first = submit(&app, &[key], BODY).await;
    assert_eq!(first.header("repeatability-result"), None);
    let again = repeatable(&app, &now(), BODY).await;
    assert_eq!(again.text(), first.text());
    let both = [
        key,
        ("repeatability-request-id", ID),
        ("repeatability-first-sent", &now()),
    ];
    let again = submit(&app, &both, BODY).await;
    assert_eq!(again.text(), first.text());
    assert_eq!(again.header("repeatability-result"), Some("accepted"));
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn a_result_that_was_waited_for_is_told_as_well() {
    let app = spawn_app();
    let headers = [
        ("repeatability-request-id", ID),
        ("repeatability-first-sent", &now()),
        ("prefer", "wait=60"),
    ];
    let reply = submit(&app, &headers, BODY).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("repeatability-result"), Some("accepted"));
}

#[tokio::test]
async fn an_id_is_not_for_another_submission() {
    let app = spawn_app();
    repeatable(&app, &now(), BODY).await;
    let refused = repeatable(&app, &now(), r#"{"number": 25}"#).await;
    assert_eq!(refused.status, 422);
    let (code, target, _) = refused.problem();
    assert_eq!(code, "IdempotencyKeyReused");
    assert_eq!(target.as_deref(), Some("Repeatability-Request-ID"));
    assert_eq!(refused.header("repeatability-result"), Some("rejected"));
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn a_first_try_that_may_be_forgotten_is_not_taken_for_a_new_one() {
    let app = spawn_app();
    let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
    let later = HttpDate::from(SystemTime::now() + hours(2)).to_string();
    for first_sent in [ago(hours(24)), ago(hours(24 * 365)), later] {
        let refused = repeatable(&app, &first_sent, BODY).await;
        assert_eq!(refused.status, 412, "{first_sent}");
        let (code, target, sentence) = refused.problem();
        assert_eq!(code, "FirstSentOutOfRange");
        assert_eq!(target.as_deref(), Some("Repeatability-First-Sent"));
        assert!(sentence.contains("23 hours"), "{sentence}");
        assert_eq!(refused.header("repeatability-result"), Some("rejected"));
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn half_a_repeatable_request_is_refused() {
    let app = spawn_app();
    let now = now();
    let id = ("repeatability-request-id", ID);
    let first_sent = ("repeatability-first-sent", now.as_str());
    for (headers, target) in [
        (&[id][..], "Repeatability-First-Sent"),
        (&[first_sent], "Repeatability-Request-ID"),
        (
            &[id, ("repeatability-first-sent", "2026-08-20T10:00:00Z")],
            "Repeatability-First-Sent",
        ),
        (
            &[("repeatability-request-id", "a b"), first_sent],
            "Repeatability-Request-ID",
        ),
        (
            &[id, first_sent, ("idempotency-key", "other")],
            "Repeatability-Request-ID",
        ),
    ] {
        let refused = submit(&app, headers, BODY).await;
        assert_eq!(refused.status, 400, "{headers:?}");
        let (code, at, _) = refused.problem();
        assert_eq!(
            (code.as_str(), at.as_deref()),
            ("InvalidRepeatability", Some(target))
        );
        assert_eq!(refused.header("repeatability-result"), Some("rejected"));
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_submission_that_is_refused_for_itself_may_be_corrected() {
    let app = spawn_app();
    for body in ["{", r#"{"number": 24.5}"#] {
        let refused = repeatable(&app, &now(), body).await;
        assert!(refused.status >= 400);
        // Its key was in order.
        assert_eq!(refused.header("repeatability-result"), Some("accepted"));
    }
    assert_eq!(repeatable(&app, &now(), BODY).await.status, 202);
}
