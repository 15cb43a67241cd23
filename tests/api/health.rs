//! Health, metrics, and the root that says only that the process is there.

use serde_json::json;

use crate::helpers::app::spawn_app;

#[tokio::test]
async fn health_tells_mode_storage_and_version() {
    let app = spawn_app();
    let reply = app.client.get("/api/health").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(
        reply.json(),
        json!({
            "status": "ok",
            "mode": "standalone",
            "storage": "embedded",
            "version": env!("CARGO_PKG_VERSION"),
        })
    );
}

#[tokio::test]
async fn the_root_says_who_is_there() {
    let app = spawn_app();
    let reply = app.client.get("/").await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().starts_with("async-request-reply "));
}

#[tokio::test]
async fn metrics_count_what_ended_and_what_waits() {
    let app = spawn_app();
    app.client.run(r#"{"number": 24}"#).await;
    app.client.run(r#"{"number": 25}"#).await;
    app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    app.client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let reply = app.client.get_keyed("/api/metrics").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    for line in [
        "# TYPE tasks_ended_total counter",
        r#"tasks_ended_total{kind="fibonacci",status="succeeded"} 2"#,
        r#"tasks_ended_total{kind="hopeless",status="failed"} 1"#,
        "# TYPE queue_messages gauge",
    ] {
        assert!(
            reply.text().lines().any(|shown| shown == line),
            "{line} is not in\n{}",
            reply.text()
        );
    }
    assert!(reply.text().ends_with('\n'));
    assert!(!reply.text().contains("queue_messages 0"));
}
