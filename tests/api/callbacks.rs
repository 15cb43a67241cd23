//! `POST /api/callbacks/{id}`: who may report on an attempt, and what is answered.

use ports::Secret;
use serde_json::{Value, json};

use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

const SUCCEEDED: &str = r#"{"status": "Succeeded", "result": {"text": "street"}}"#;

/// Leaves a task to somebody else; gives its id, and the path and query of its callback.
async fn hand_over(app: &App) -> (String, String) {
    let body = json!({ "kind": "hands_over", "input": 1 }).to_string();
    let id = app.client.accepted(body).await;
    eventually("the task is handed over", async || {
        let monitor = monitor(app, &id).await;
        (monitor["percentComplete"] == 10).then_some(())
    })
    .await;
    let url = app.kinds.callback();
    let path = url.strip_prefix(app.client.base()).unwrap();
    (id, path.to_owned())
}

async fn monitor(app: &App, id: &str) -> Value {
    app.client.monitor(id).await.json()
}

async fn report(app: &App, path: &str, body: &str) -> Reply {
    let request = app.client.request("POST", path);
    app.client.send(request.body(body.to_owned())).await
}

fn code(reply: &Reply) -> String {
    reply.json()["error"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_report_of_a_result_ends_the_task_once() {
    let app = spawn_app();
    let (id, callback) = hand_over(&app).await;
    assert_eq!(monitor(&app, &id).await["status"], "Running");
    let progress = report(&app, &callback, r#"{"percentComplete": 40}"#).await;
    assert_eq!((progress.status, progress.text()), (200, ""));
    assert_eq!(monitor(&app, &id).await["percentComplete"], 40);

    assert_eq!(report(&app, &callback, SUCCEEDED).await.status, 200);

    let monitor = monitor(&app, &id).await;
    assert_eq!(monitor["status"], "Succeeded");
    assert_eq!(monitor["result"], json!({ "text": "street" }));
    let twice = report(&app, &callback, SUCCEEDED).await;
    assert_eq!((twice.status, code(&twice).as_str()), (410, "TaskEnded"));
}

#[tokio::test]
async fn a_report_of_a_failure_ends_the_task_or_brings_another_attempt() {
    let app = spawn_app();
    let (id, callback) = hand_over(&app).await;
    let error = r#""error": {"code": "NoGpu", "message": "all are busy"}"#;
    let again = format!(r#"{{"status": "Failed", {error}, "retry": true}}"#);
    assert_eq!(report(&app, &callback, &again).await.status, 200);
    assert_eq!(monitor(&app, &id).await["status"], "NotStarted");
    let older = report(&app, &callback, SUCCEEDED).await;
    assert_eq!((older.status, code(&older).as_str()), (409, "OlderAttempt"));

    let (id, callback) = hand_over(&app).await;
    let failed = format!(r#"{{"status": "Failed", {error}}}"#);
    assert_eq!(report(&app, &callback, &failed).await.status, 200);
    let monitor = monitor(&app, &id).await;
    assert_eq!(monitor["status"], "Failed");
    assert_eq!(monitor["error"]["code"], "NoGpu");
}

#[tokio::test]
async fn a_token_that_is_not_the_attempts_own_opens_nothing() {
    let app = spawn_app();
    let (id, callback) = hand_over(&app).await;
    let (other, others) = hand_over(&app).await;
    let (path, token) = callback.split_once('?').unwrap();
    let (_, others_token) = others.split_once('?').unwrap();
    for forged in [
        path.to_owned(),
        format!("{path}?token="),
        format!("{path}?token=1.99999999999.AAAA"),
        format!("{path}?{}", token.replacen("=1.", "=2.", 1)),
        format!("{path}?{others_token}"),
        format!("/api/callbacks/{other}?{token}"),
    ] {
        let refused = report(&app, &forged, SUCCEEDED).await;
        assert_eq!(refused.status, 401, "{forged}");
        assert_eq!(code(&refused), "InvalidToken");
        assert_eq!(refused.header("www-authenticate"), Some("CallbackToken"));
    }
    assert_eq!(monitor(&app, &id).await["status"], "Running");
}

#[tokio::test]
async fn a_report_that_cannot_be_meant_names_the_field_and_changes_nothing() {
    let app = spawn_app_with(|config| config.max_body_bytes = 1_000);
    let (id, callback) = hand_over(&app).await;
    for (body, status, target) in [
        (r#"{"status": "Done"}"#, 422, "status"),
        (r#"{"status": "Succeeded"}"#, 422, "result"),
        (r#"{"percentComplete": 400}"#, 422, "percentComplete"),
        (r#"{"state": 1}"#, 422, "state"),
        ("{", 400, "body"),
        ("", 400, "body"),
    ] {
        let refused = report(&app, &callback, body).await;
        assert_eq!(refused.status, status, "{body}");
        assert_eq!(refused.json()["error"]["target"], target, "{body}");
    }
    let large = format!(
        r#"{{"status": "Succeeded", "result": "{}"}}"#,
        "x".repeat(1_000)
    );
    assert_eq!(report(&app, &callback, &large).await.status, 413);
    assert_eq!(monitor(&app, &id).await["status"], "Running");
    let canceled = report(&app, &format!("/api/operations/{id}:cancel"), "").await;
    assert_eq!(canceled.status, 200);
    assert_eq!(report(&app, &callback, SUCCEEDED).await.status, 410);
}

#[tokio::test]
async fn the_operator_says_what_signs_and_where_to_call() {
    let app = spawn_app_with(|config| {
        config.callback_secrets = vec![Secret::new("a key for callbacks alone")];
        config.public_base_url = Some("https://tasks.example".to_owned());
    });
    let body = json!({ "kind": "hands_over", "input": 1 }).to_string();
    let id = app.client.accepted(body).await;
    eventually("the task is handed over", async || {
        let monitor = monitor(&app, &id).await;
        (monitor["percentComplete"] == 10).then_some(())
    })
    .await;
    let url = app.kinds.callback();
    let path = url.strip_prefix("https://tasks.example").unwrap();
    assert_eq!(report(&app, path, SUCCEEDED).await.status, 200);
}
