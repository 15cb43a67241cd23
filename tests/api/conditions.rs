//! Conditions on what is changed: `If-Match` and `If-None-Match`.

use crate::helpers::app::{App, spawn_app};
use crate::helpers::reply::Reply;

const WAITS: &str = r#"{"kind": "waits", "input": 0}"#;
const HOPELESS: &str = r#"{"kind": "hopeless", "input": 0}"#;

/// What can be done to a task: the method, and what stands behind its id.
const DELETE: (&str, &str) = ("DELETE", "");
const CANCEL: (&str, &str) = ("POST", ":cancel");
const RETRY: (&str, &str) = ("POST", ":retry");

async fn send(app: &App, what: (&str, &str), id: &str, condition: (&str, &str)) -> Reply {
    let path = format!("/api/operations/{id}{}", what.1);
    let request = app.client.keyed(what.0, &path);
    app.client
        .send(request.header(condition.0, condition.1))
        .await
}

async fn etag(app: &App, id: &str) -> String {
    let monitor = app.client.monitor(id).await;
    monitor.header("etag").unwrap().to_owned()
}

/// Refuses what is not true of the task, and changes nothing.
async fn is_refused(app: &App, what: (&str, &str), id: &str) {
    let etag = etag(app, id).await;
    let weak = format!("W/{etag}");
    for condition in [
        ("if-match", "\"x\""),
        ("if-match", &weak),
        ("if-match", etag.trim_matches('"')),
        ("if-match", ""),
        ("if-none-match", "*"),
        ("if-none-match", &etag),
        ("if-none-match", &weak),
    ] {
        let reply = send(app, what, id, condition).await;
        assert_eq!(
            (reply.status, reply.problem().0.as_str()),
            (412, "PreconditionFailed"),
            "{what:?} {condition:?}"
        );
    }
    assert_eq!(self::etag(app, id).await, etag);
}

#[tokio::test]
async fn a_task_in_another_version_is_not_deleted() {
    let app = spawn_app();
    for wanted in ["the tag", "*", "a list"] {
        let id = app.client.run(r#"{"number": 24}"#).await;
        is_refused(&app, DELETE, &id).await;
        let etag = etag(&app, &id).await;
        let wanted = match wanted {
            "*" => "*".to_owned(),
            "a list" => format!("\"x\", {etag}"),
            _ => etag,
        };
        let deleted = send(&app, DELETE, &id, ("if-match", &wanted)).await;
        assert_eq!(deleted.status, 204, "{wanted}");
    }
}

#[tokio::test]
async fn a_task_in_another_version_is_not_canceled() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    is_refused(&app, CANCEL, &id).await;
    let known = etag(&app, &id).await;
    // What has ended stays as it is, also for those who know that it has.
    let same = send(&app, CANCEL, &id, ("if-match", &known)).await;
    assert_eq!(same.status, 200);
    assert_eq!(same.header("etag"), Some(known.as_str()));
}

#[tokio::test]
async fn a_cancel_that_is_sent_again_after_its_reply_was_lost_is_not_refused() {
    let app = spawn_app();
    let id = app.client.accepted(WAITS).await;
    // It may begin to run in between, once.
    let known = loop {
        let etag = etag(&app, &id).await;
        let reply = send(&app, CANCEL, &id, ("if-match", &etag)).await;
        if reply.status == 200 {
            assert_eq!(reply.json()["status"], "Canceled");
            break etag;
        }
    };
    let again = send(&app, CANCEL, &id, ("if-match", &known)).await;
    assert_eq!(again.status, 200);
    // The tag of the reply is the one to go on with.
    let etag = again.header("etag").unwrap();
    assert_ne!(etag, known);
    assert_eq!(
        send(&app, DELETE, &id, ("if-match", etag)).await.status,
        204
    );
}

#[tokio::test]
async fn a_task_in_another_version_is_not_retried() {
    let app = spawn_app();
    let id = app.client.run(HOPELESS).await;
    is_refused(&app, RETRY, &id).await;
    let known = etag(&app, &id).await;
    let retried = send(&app, RETRY, &id, ("if-match", &known)).await;
    assert_eq!(retried.status, 202);
    assert_ne!(retried.header("etag"), Some(known.as_str()));
}

#[tokio::test]
async fn what_would_be_refused_anyhow_is_refused_for_that() {
    let app = spawn_app();
    let waiting = app.client.accepted(WAITS).await;
    let unknown = "6f1c2b3e-0000-4000-8000-000000000007";
    for condition in [("if-match", "\"x\""), ("if-none-match", "*")] {
        assert_eq!(send(&app, DELETE, &waiting, condition).await.status, 409);
        assert_eq!(send(&app, RETRY, &waiting, condition).await.status, 409);
    }
    for what in [DELETE, CANCEL, RETRY] {
        for condition in [("if-match", "*"), ("if-match", "\"x\"")] {
            let reply = send(&app, what, unknown, condition).await;
            assert_eq!(reply.status, 404, "{what:?} {condition:?}");
        }
    }
}

#[tokio::test]
async fn a_reader_of_another_version_is_told_so() {
    let app = spawn_app();
    let id = app.client.run(HOPELESS).await;
    let etag = etag(&app, &id).await;
    let get = ("GET", "");
    let stale = send(&app, get, &id, ("if-match", "\"x\"")).await;
    assert_eq!(stale.status, 412);
    let current = send(&app, get, &id, ("if-match", &etag)).await;
    assert_eq!(current.status, 200);
}

#[tokio::test]
async fn a_condition_about_dates_is_ignored() {
    let app = spawn_app();
    let id = app.client.run(HOPELESS).await;
    let long_ago = "Sat, 01 Jan 2000 00:00:00 GMT";
    let modified = ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT");
    assert_eq!(send(&app, ("GET", ""), &id, modified).await.status, 200);
    let unmodified = ("if-unmodified-since", long_ago);
    assert_eq!(send(&app, DELETE, &id, unmodified).await.status, 204);
}
