//! Entity tags on monitors: a poller that knows the answer already gets a 304.

use crate::helpers::app::{App, spawn_app, spawn_busy_app};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

async fn monitor(app: &App, method: &str, id: &str, known: &str) -> Reply {
    let path = format!("/api/operations/{id}");
    let request = app.client.request(method, &path);
    app.client
        .send(request.header("if-none-match", known))
        .await
}

#[tokio::test]
async fn a_monitor_that_is_known_is_not_sent_again() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    let etag = app.client.monitor(&id).await;
    let etag = etag.header("etag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    for known in [
        etag,
        &format!("W/{etag}"),
        &format!("\"x\", {etag}"),
        &format!("{etag},\"y\""),
        "*",
    ] {
        for method in ["GET", "HEAD"] {
            let reply = monitor(&app, method, &id, known).await;
            assert_eq!(
                reply.transcript(),
                "304\ncache-control: no-cache\netag: \"{etag}\"\n\n",
                "{known}"
            );
            assert_eq!(reply.header("etag"), Some(etag));
        }
    }
    for other in ["\"x\"", "", etag.trim_matches('"'), "x, y"] {
        assert_eq!(
            monitor(&app, "GET", &id, other).await.status,
            200,
            "{other}"
        );
    }
}

#[tokio::test]
async fn the_tag_changes_with_the_task() {
    let (app, before) = spawn_busy_app().await;
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let queued = app.client.monitor(&id).await;
    let queued = queued.header("etag").unwrap();
    let unchanged = monitor(&app, "GET", &id, queued).await;
    assert_eq!(unchanged.status, 304);
    assert_eq!(unchanged.header("retry-after"), Some("1"));

    app.client.cancel(&before).await;
    let running = eventually("a change", async || {
        Some(monitor(&app, "GET", &id, queued).await).filter(|reply| reply.status == 200)
    })
    .await;
    assert_eq!(running.json()["status"], "Running");
    app.kinds.open_gate();
    app.client.ended(&id).await;
    let known = running.header("etag").unwrap();
    let ended = monitor(&app, "GET", &id, known).await;
    assert_eq!(ended.json()["status"], "Succeeded");
}

#[tokio::test]
async fn what_is_gone_is_not_unchanged() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    app.client.fetch(&id).await;
    assert_eq!(monitor(&app, "GET", &id, "*").await.status, 404);
}
