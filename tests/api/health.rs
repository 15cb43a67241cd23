//! Health, metrics, and the root that says only that the process is there.

use serde_json::json;

use crate::helpers::app::{App, spawn_app};
use crate::helpers::eventually::eventually;

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
    // As curl and the Functions host ask, and other programs.
    for accept in ["*/*", "application/json, text/plain", ""] {
        let request = app.client.request("GET", "/").header("accept", accept);
        assert_eq!(app.client.send(request).await.status, 200, "{accept}");
    }
}

#[tokio::test]
async fn the_root_leads_a_browser_to_the_page() {
    let app = spawn_app();
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for method in ["GET", "HEAD"] {
        let request = app.client.request(method, "/").header("accept", accept);
        let reply = app.client.send(request).await;
        assert_eq!(reply.status, 303, "{method}");
        // From wherever a proxy has put the root.
        assert_eq!(reply.header("location"), Some("api/docs"));
        assert_eq!(reply.header("vary"), Some("accept"));
    }
    assert_eq!(app.client.get("/api/docs").await.status, 200);
}

/// What the metrics say.
async fn lines(app: &App) -> Vec<String> {
    let metrics = app.client.get_keyed("/api/metrics").await;
    assert_eq!(metrics.status, 200);
    metrics.text().lines().map(str::to_owned).collect()
}

fn assert_has(lines: &[String], expected: &[&str]) {
    for line in expected {
        assert!(
            lines.iter().any(|shown| shown == line),
            "{line}\n{lines:#?}"
        );
    }
}

#[tokio::test]
async fn what_has_not_happened_yet_is_there_as_zero() {
    let app = spawn_app();
    let lines = lines(&app).await;
    assert_has(
        &lines,
        &[
            r#"tasks_accepted_total{kind="fibonacci"} 0"#,
            r#"tasks_ended_total{kind="hopeless",status="failed"} 0"#,
            r#"tasks_ended_total{kind="unknown",status="failed"} 0"#,
            r#"attempts_total{kind="flaky",outcome="put_off"} 0"#,
            r#"attempts_running{kind="waits"} 0"#,
            r#"waits_total{outcome="refused"} 0"#,
            r#"http_requests_total{route="/api/tasks",status="503"} 0"#,
            r#"http_requests_total{route="/api/operations/{id}/result",status="424"} 0"#,
            "log_lines_dropped_total 0",
        ],
    );
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let app = spawn_app();
    let client = &app.client;
    let id = client.run(r#"{"number": 24}"#).await;
    client.submit("not JSON").await;
    client.get(&format!("/api/tasks/{id}")).await;
    client.get(&format!("/api/tasks/{id}")).await;
    client.get("/api/nowhere").await;
    client.get("/api/nowhere/else").await;
    client.get("/").await;
    client.send(client.request("PUT", "/api/tasks")).await;
    assert_has(
        &lines(&app).await,
        &[
            "# TYPE http_requests_total counter",
            r#"http_requests_total{route="/api/tasks",status="202"} 1"#,
            r#"http_requests_total{route="/api/tasks",status="400"} 1"#,
            r#"http_requests_total{route="/api/tasks",status="405"} 1"#,
            r#"http_requests_total{route="/api/tasks/{task_id}",status="200"} 1"#,
            r#"http_requests_total{route="/api/tasks/{task_id}",status="404"} 1"#,
            r#"http_requests_total{route="/api/operations/{id}/result",status="200"} 1"#,
            r#"http_requests_total{route="/",status="200"} 1"#,
            r#"http_requests_total{route="other",status="404"} 2"#,
        ],
    );
}

#[tokio::test]
async fn attempts_and_waits_are_counted_by_how_they_came_out() {
    let app = spawn_app();
    let client = &app.client;
    client
        .run(r#"{"kind": "flaky", "input": {"failures": 1}}"#)
        .await;
    client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    let later = r#"{"kind": "later", "input": {"times": 1, "milliseconds": 1}}"#;
    client.run(later).await;
    let waiting = r#"{"kind": "waits", "input": 0}"#;
    for (body, wait) in [(r#"{"number": 24}"#, "wait=60"), (waiting, "wait=1")] {
        let request = client.post_task().body(body).header("prefer", wait);
        client.send(request).await;
    }
    eventually("the attempt is counted that runs", async || {
        let lines = lines(&app).await;
        lines
            .iter()
            .any(|line| line == r#"attempts_running{kind="waits"} 1"#)
            .then_some(())
    })
    .await;
    assert_has(
        &lines(&app).await,
        &[
            r#"tasks_accepted_total{kind="flaky"} 1"#,
            r#"tasks_accepted_total{kind="waits"} 1"#,
            r#"attempts_total{kind="flaky",outcome="failed"} 1"#,
            r#"attempts_total{kind="flaky",outcome="succeeded"} 1"#,
            r#"attempts_total{kind="hopeless",outcome="failed"} 1"#,
            r#"attempts_total{kind="later",outcome="put_off"} 1"#,
            r#"attempts_running{kind="flaky"} 0"#,
            r#"waits_total{outcome="ended"} 1"#,
            r#"waits_total{outcome="not_ended"} 1"#,
        ],
    );
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
