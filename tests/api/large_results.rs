//! Large results: a monitor says where one is, and does not carry it.

use serde_json::Value;

use crate::helpers::app::{App, spawn_app, spawn_app_with};
use crate::helpers::reply::Reply;

/// The largest result that is in a monitor, in bytes.
const LARGEST_SHOWN: usize = 64 * 1024;

/// What `{"bulk":""}` takes.
const AROUND: usize = 11;

/// Work whose result is so large, in bytes.
fn bulk(bytes: usize) -> String {
    let bytes = bytes - AROUND;
    format!(r#"{{"kind": "bulk", "input": {{"bytes": {bytes}}}}}"#)
}

/// Where the result of a task is by this monitor, which does not have it.
fn resource_location(monitor: &Value) -> &str {
    assert_eq!(monitor["status"], "Succeeded");
    assert!(monitor.get("result").is_none());
    monitor["resourceLocation"].as_str().unwrap()
}

async fn follow(app: &App, monitor: &Value) -> Reply {
    let base = app.client.base();
    let path = resource_location(monitor).strip_prefix(base).unwrap();
    app.client.get(path).await
}

#[tokio::test]
async fn a_monitor_has_a_result_up_to_its_limit_and_then_says_where_it_is() {
    let app = spawn_app();
    let id = app.client.run(&bulk(LARGEST_SHOWN)).await;
    let monitor = app.client.monitor(&id).await.json();
    let shown = monitor["result"]["bulk"].as_str().unwrap();
    assert_eq!(shown.len(), LARGEST_SHOWN - AROUND);
    assert!(monitor.get("resourceLocation").is_none());

    let id = app.client.run(&bulk(LARGEST_SHOWN + 1)).await;
    let reply = app.client.monitor(&id).await;
    assert!(reply.text().len() < 1_000);
    let whole = follow(&app, &reply.json()).await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.text().len(), LARGEST_SHOWN + 1);
    let fetched = app.client.fetch(&id).await.json();
    let fetched = fetched["bulk"].as_str().unwrap();
    assert_eq!(fetched.len(), LARGEST_SHOWN + 1 - AROUND);
}

#[tokio::test]
async fn a_large_result_is_found_under_the_public_address() {
    let app = spawn_app_with(|config| {
        config.public_base_url = Some("https://tasks.example".to_owned());
    });
    let id = app.client.run(&bulk(LARGEST_SHOWN + 1)).await;
    let monitor = app.client.monitor(&id).await.json();
    let expected = format!("https://tasks.example/api/operations/{id}/result");
    assert_eq!(resource_location(&monitor), expected);
}

#[tokio::test]
async fn no_reply_that_is_a_monitor_carries_a_large_result() {
    let app = spawn_app();
    let submission = || {
        let request = app.client.post_task().header("idempotency-key", "large");
        request.body(bulk(LARGEST_SHOWN + 1))
    };
    let accepted = app.client.send(submission()).await;
    let id = accepted.header("operation-id").unwrap().to_owned();
    app.client.ended(&id).await;

    let again = submission().header("prefer", "return=representation");
    let again = app.client.send(again).await;
    assert_eq!(again.status, 202);
    assert_eq!(follow(&app, &again.json()).await.status, 200);

    let path = format!("/api/operations/{id}:cancel");
    let canceled = app.client.send(app.client.request("POST", &path)).await;
    assert_eq!(canceled.status, 200);
    assert_eq!(follow(&app, &canceled.json()).await.status, 200);
}
