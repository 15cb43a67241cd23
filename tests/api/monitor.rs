//! `GET /api/operations/{id}`: where a task stands.

use engine::TaskId;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::helpers::app::{spawn_app, spawn_busy_app};
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn a_task_that_lasts_is_shown_as_not_started_then_running_then_succeeded() {
    let (app, before) = spawn_busy_app().await;
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    insta::assert_snapshot!(app.client.monitor(&id).await.transcript(), @r#"
    200
    cache-control: no-cache
    content-type: application/json
    etag: "{etag}"
    retry-after: 1

    {"id":"{id}","kind":"waits","status":"NotStarted","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":0}
    "#);

    app.client.cancel(&before).await;
    let running = eventually("the task is shown as running", async || {
        Some(app.client.monitor(&id).await).filter(|reply| reply.json()["status"] != "NotStarted")
    })
    .await;
    insta::assert_snapshot!(running.transcript(), @r#"
    200
    cache-control: no-cache
    content-type: application/json
    etag: "{etag}"
    retry-after: 1

    {"id":"{id}","kind":"waits","status":"Running","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":1,"percentComplete":40}
    "#);

    app.kinds.open_gate();
    app.client.ended(&id).await;
    insta::assert_snapshot!(app.client.monitor(&id).await.transcript(), @r#"
    200
    cache-control: no-cache
    content-type: application/json
    etag: "{etag}"

    {"id":"{id}","kind":"waits","status":"Succeeded","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":1,"result":{"waited":true}}
    "#);
}

#[tokio::test]
async fn a_failed_task_says_why() {
    let app = spawn_app();
    let id = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    insta::assert_snapshot!(app.client.monitor(&id).await.transcript(), @r#"
    200
    cache-control: no-cache
    content-type: application/json
    etag: "{etag}"

    {"id":"{id}","kind":"hopeless","status":"Failed","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":1,"error":{"code":"NoHope","message":"there never was any"}}
    "#);
}

#[tokio::test]
async fn between_two_attempts_it_says_why_and_when_without_looking_like_the_end() {
    let app = spawn_app();
    let id = app
        .client
        .accepted(r#"{"kind": "flaky", "input": {"failures": 1}}"#)
        .await;
    let waiting = eventually("the first attempt has failed", async || {
        Some(app.client.monitor(&id).await).filter(|reply| reply.json()["attempts"] == 1)
    })
    .await;
    insta::assert_snapshot!(waiting.transcript(), @r#"
    200
    cache-control: no-cache
    content-type: application/json
    etag: "{etag}"
    retry-after: 1

    {"id":"{id}","kind":"flaky","status":"NotStarted","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":1,"lastError":{"code":"NotYet","message":"attempt 1 failed"},"nextAttemptDateTime":"{time}"}
    "#);
    let waiting = waiting.json();
    let time = |name: &str| waiting[name].as_str().unwrap().to_owned();
    assert!(time("nextAttemptDateTime") > time("lastActionDateTime"));

    assert_eq!(app.client.ended(&id).await.status, 200);
    let ended = app.client.monitor(&id).await.json();
    assert_eq!(ended["attempts"], 2);
    assert!(ended.get("lastError").is_none() && ended.get("nextAttemptDateTime").is_none());
}

#[tokio::test]
async fn looking_consumes_nothing() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    for _ in 0..3 {
        assert_eq!(app.client.monitor(&id).await.json()["status"], "Succeeded");
    }
    assert_eq!(app.client.fetch(&id).await.status, 200);
}

#[tokio::test]
async fn times_are_those_of_the_task() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    let monitor = app.client.monitor(&id).await.json();
    let time = |name: &str| {
        let text = monitor[name].as_str().unwrap();
        OffsetDateTime::parse(text, &Rfc3339).unwrap()
    };
    let created = time("createdDateTime");
    assert!(created <= time("lastActionDateTime"));
    assert!((OffsetDateTime::now_utc() - created).whole_minutes() < 5);
    assert_eq!(id.parse::<TaskId>().unwrap().created_at(), Some(created));
}

#[tokio::test]
async fn the_head_of_a_monitor_is_the_monitors_without_its_body() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    let path = format!("/api/operations/{id}");
    let length = app.client.get(&path).await.text().len().to_string();
    let head = app.client.send(app.client.request("HEAD", &path)).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), Some(length.as_str()));
}
