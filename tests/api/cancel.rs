//! `POST /api/operations/{id}:cancel`: a task ended by its client.

use serde_json::json;

use crate::helpers::app::{App, spawn_app, spawn_app_of, spawn_app_with};
use crate::helpers::eventually::eventually;
use crate::helpers::kinds::TestKinds;
use crate::helpers::reply::Reply;

const WAITS: &str = r#"{"kind": "waits", "input": 0}"#;

async fn cancel(app: &App, id: &str) -> Reply {
    let path = format!("/api/operations/{id}:cancel");
    app.client.send(app.client.request("POST", &path)).await
}

async fn runs(app: &App, count: usize) {
    eventually("the attempt runs", async || {
        (app.kinds.runs() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_queued_task_never_runs() {
    let app = spawn_app_with(|config| config.worker_concurrency = 1);
    let running = app.client.accepted(WAITS).await;
    runs(&app, 1).await;
    let queued = app.client.accepted(WAITS).await;
    insta::assert_snapshot!(cancel(&app, &queued).await.transcript(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    etag: "{etag}"

    {"id":"{id}","kind":"waits","status":"Canceled","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":0,"error":{"code":"TaskCanceled","message":"the task was canceled"}}
    "#);

    app.kinds.open_gate();
    assert_eq!(app.client.ended(&running).await.status, 200);
    // Both messages are gone: the canceled one was delivered, too.
    eventually("an empty queue", async || {
        let metrics = app.client.get_keyed("/api/metrics").await;
        metrics.text().contains("queue_messages 0").then_some(())
    })
    .await;
    assert_eq!(app.kinds.runs(), 1);
    assert_eq!(
        app.client.monitor(&queued).await.json()["status"],
        "Canceled"
    );
}

#[tokio::test]
async fn a_running_task_is_told_to_stop_at_once() {
    let app = spawn_app_with(|config| config.worker_concurrency = 1);
    let id = app.client.accepted(WAITS).await;
    runs(&app, 1).await;
    assert_eq!(cancel(&app, &id).await.json()["status"], "Canceled");
    // Its slot is free, although the gate is shut.
    let next = app.client.run(r#"{"number": 24}"#).await;
    assert_eq!(app.client.result(&next).await.status, 200);
    assert_eq!(app.client.monitor(&id).await.json()["status"], "Canceled");
}

#[tokio::test]
async fn a_result_that_comes_late_loses() {
    let app = spawn_app_of(|_| (), TestKinds::registry_for_hours);
    let id = app.client.accepted(r#"{"kind": "deaf", "input": 0}"#).await;
    eventually("the attempt runs", async || {
        let monitor = app.client.monitor(&id).await.json();
        (monitor["status"] == "Running").then_some(())
    })
    .await;
    assert_eq!(cancel(&app, &id).await.json()["status"], "Canceled");
    app.kinds.open_gate();
    eventually("there is a result", async || {
        (app.kinds.deaf_ends() == 1).then_some(())
    })
    .await;
    // What is done with it is done before this.
    app.client.run(r#"{"number": 24}"#).await;
    app.client.has_taken(2).await;
    assert_eq!(app.client.monitor(&id).await.json()["status"], "Canceled");
    assert_eq!(app.client.fetch(&id).await.status, 404);
}

#[tokio::test]
async fn what_has_ended_stays_as_it_is() {
    let app = spawn_app();
    for (body, status) in [
        (r#"{"number": 24}"#, "Succeeded"),
        (r#"{"kind": "hopeless", "input": 0}"#, "Failed"),
    ] {
        let id = app.client.run(body).await;
        let before = app.client.monitor(&id).await.json();
        let reply = cancel(&app, &id).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["status"], status);
        assert_eq!(reply.json(), before);
    }
    let id = app.client.accepted(WAITS).await;
    let first = cancel(&app, &id).await.json();
    assert_eq!(cancel(&app, &id).await.json(), first);
}

#[tokio::test]
async fn a_canceled_task_has_no_result() {
    let app = spawn_app();
    let id = app.client.accepted(WAITS).await;
    cancel(&app, &id).await;
    let result = app.client.result(&id).await;
    assert_eq!(result.status, 410);
    assert_eq!(result.problem().0, "TaskCanceled");
    let fetched = app.client.fetch(&id).await;
    assert_eq!(fetched.json(), json!({ "task_id": id }));
    assert_eq!(fetched.header("retry-after"), None);
    assert!(fetched.header("link").unwrap().contains(&id));
}

#[tokio::test]
async fn what_is_not_there_cannot_be_canceled() {
    let app = spawn_app();
    for id in [
        "6f1c2b3e-0000-4000-8000-000000000007",
        "x",
        "%22",
        "x:cancel",
    ] {
        let reply = cancel(&app, id).await;
        assert_eq!(
            (reply.status, reply.problem().0.as_str()),
            (404, "NotFound")
        );
    }
}
