//! `Idempotency-Key`: the same submission twice is one task.

use futures_util::future::join_all;

use crate::helpers::app::{App, spawn_app};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

const BODY: &str = r#"{"number": 24}"#;

async fn submit(app: &App, key: &str, body: &str) -> Reply {
    let request = app.client.post_task().header("idempotency-key", key);
    app.client.send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn the_same_submission_is_the_same_task() {
    let app = spawn_app();
    let first = submit(&app, "\"k\"", BODY).await;
    assert_eq!(first.status, 202);
    let id = first.header("operation-id").unwrap();
    app.client.ended(id).await;
    for body in [BODY, r#"{ "number" : 24 , "client": 1 }"#] {
        let again = submit(&app, "\"k\"", body).await;
        assert_eq!(again.transcript(), first.transcript());
        assert_eq!(again.text(), first.text());
        assert_eq!(again.header("operation-id"), Some(id));
    }
    app.client.has_taken(1).await;

    let other = submit(&app, "\"K\"", BODY).await;
    assert_ne!(other.header("operation-id"), Some(id));
    app.client.has_taken(2).await;
}

#[tokio::test]
async fn a_key_is_not_for_another_submission() {
    let app = spawn_app();
    assert_eq!(submit(&app, "\"k\"", BODY).await.status, 202);
    for body in [
        r#"{"number": 25}"#,
        r#"{"number": "24"}"#,
        r#"{"kind": "echo", "input": {"number": 24}}"#,
    ] {
        let refused = submit(&app, "\"k\"", body).await;
        assert_eq!(refused.status, 422, "{body}");
        let (code, target, _) = refused.problem();
        assert_eq!(code, "IdempotencyKeyReused");
        assert_eq!(target.as_deref(), Some("Idempotency-Key"));
    }
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn a_key_is_the_same_in_quotes_and_without() {
    let app = spawn_app();
    for (key, others) in [
        ("\"k\"", &["k", "\"k\"; p=1"][..]),
        (
            "7d0c1a52-5b8e-4b8a-9f0e-2f3c1d0e9a11",
            &["\"7d0c1a52-5b8e-4b8a-9f0e-2f3c1d0e9a11\""],
        ),
        (
            "aGVsbG8/d29ybGQ+IQ==",
            &["\"aGVsbG8/d29ybGQ+IQ==\";a;b=\"c\""],
        ),
    ] {
        let first = submit(&app, key, BODY).await;
        assert_eq!(first.status, 202, "{key}: {}", first.text());
        for other in others {
            let again = submit(&app, other, BODY).await;
            assert_eq!(again.text(), first.text(), "{key} as {other}");
        }
    }
    app.client.has_taken(3).await;
}

#[tokio::test]
async fn a_key_of_the_wrong_form_is_refused() {
    let app = spawn_app();
    let long = format!("\"{}\"", "k".repeat(256));
    for key in [
        "",
        "\"\"",
        "\"k",
        "k\"",
        "\"a\"b\"",
        "a b",
        "a, b",
        "\"a\", \"b\"",
        "a; p=1",
        &long,
        long.trim_matches('"'),
    ] {
        let refused = submit(&app, key, BODY).await;
        assert_eq!(refused.status, 400, "{key}");
        let (code, target, _) = refused.problem();
        assert_eq!(code, "InvalidIdempotencyKey", "{key}");
        assert_eq!(target.as_deref(), Some("Idempotency-Key"));
    }
    let twice = app
        .client
        .post_task()
        .header("idempotency-key", "\"k\"")
        .header("idempotency-key", "\"k\"");
    assert_eq!(app.client.send(twice.body(BODY)).await.status, 400);
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn many_at_the_same_time_are_one_task() {
    let app = spawn_app();
    let replies = join_all((0..20).map(|_| submit(&app, "\"k\"", BODY))).await;
    let mut ids: Vec<_> = replies
        .iter()
        .filter(|reply| reply.status == 202)
        .map(|reply| reply.header("operation-id").unwrap().to_owned())
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    for reply in replies.iter().filter(|reply| reply.status != 202) {
        assert_eq!(
            (reply.status, reply.problem().0.as_str()),
            (409, "Conflict")
        );
    }
    app.client.has_taken(1).await;
    eventually("the key is settled", async || {
        let reply = submit(&app, "\"k\"", BODY).await;
        (reply.status == 202).then_some(())
    })
    .await;
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn a_submission_that_is_refused_does_not_use_up_its_key() {
    let app = spawn_app();
    for body in [
        "{",
        r#"{"number": 24.0}"#,
        r#"{"kind": "nothing", "input": 1}"#,
    ] {
        assert!(submit(&app, "\"k\"", body).await.status >= 400);
    }
    assert_eq!(submit(&app, "\"k\"", BODY).await.status, 202);
}

#[tokio::test]
async fn a_representation_is_given_each_time() {
    let app = spawn_app();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let request = app
            .client
            .post_task()
            .header("idempotency-key", "\"k\"")
            .header("prefer", "return=representation")
            .body(BODY);
        let reply = app.client.send(request).await;
        assert_eq!(reply.status, 202);
        assert_eq!(reply.json()["kind"], "fibonacci");
        ids.push(reply.json()["id"].as_str().unwrap().to_owned());
        app.client.ended(&ids[0]).await;
    }
    assert_eq!(ids[0], ids[1]);
}
