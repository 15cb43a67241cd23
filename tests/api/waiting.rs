//! `Prefer`: what a client would like, and what of it was granted.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::helpers::app::{App, spawn_app};
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

const NUMBER: &str = r#"{"number": 24}"#;
const WAITS: &str = r#"{"kind": "waits", "input": 0}"#;
const LONG: &str = "wait=60";

async fn submit(app: &App, prefer: &str, body: &str) -> Reply {
    let request = app.client.post_task().header("prefer", prefer);
    app.client.send(request.body(body.to_owned())).await
}

async fn fetch(app: &App, method: &str, id: &str, prefer: &str) -> Reply {
    let path = format!("/api/tasks/{id}");
    let request = app.client.request(method, &path).header("prefer", prefer);
    app.client.send(request).await
}

/// Waits until so many clients wait.
async fn waiting(app: &App, clients: usize) {
    eventually(&format!("{clients} waiting clients"), async || {
        let metrics = app.client.get_keyed("/api/metrics").await;
        let line = format!("waiting_clients {clients}");
        metrics
            .text()
            .lines()
            .any(|shown| shown == line)
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_submission_that_waits_gets_its_result_and_leaves_it() {
    let app = spawn_app();
    let reply = submit(&app, LONG, NUMBER).await;
    insta::assert_snapshot!(reply.transcript(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    preference-applied: wait=60

    {"task_id":"{id}","number":24,"calculation_result":"46368"}
    "#);
    let id = reply.json()["task_id"].as_str().unwrap().to_owned();
    assert_eq!(app.client.fetch(&id).await.json(), reply.json());
    assert_eq!(app.client.fetch(&id).await.status, 404);
}

/// A client that reads `id` as a task's would take a result's for it.
#[tokio::test]
async fn a_result_that_has_fields_named_as_a_tasks_own_is_given_apart_to_who_submits() {
    let app = spawn_app();
    let work = r#"{"kind": "echo", "input": {"id": 7, "status": "open"}}"#;
    let reply = submit(&app, LONG, work).await;
    assert_eq!(reply.status, 200);
    let id = reply.json()["task_id"].clone();
    assert_eq!(
        reply.json(),
        json!({ "task_id": id, "result": { "id": 7, "status": "open" } })
    );
    let fetched = app.client.fetch(id.as_str().unwrap()).await;
    assert_eq!(
        fetched.json(),
        json!({ "task_id": id, "id": 7, "status": "open" })
    );
}

#[tokio::test]
async fn a_submission_that_waits_in_vain_is_accepted() {
    let app = spawn_app();
    let begun = Instant::now();
    let reply = submit(&app, "wait=1", WAITS).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(reply.status, 202);
    assert_eq!(reply.header("preference-applied"), Some("wait=1"));
    assert!(reply.header("operation-location").is_some());
    waiting(&app, 0).await;
}

#[tokio::test]
async fn a_fetch_that_waits_consumes_and_a_head_does_not() {
    let app = spawn_app();
    let id = app.client.accepted(WAITS).await;
    let open = async {
        waiting(&app, 2).await;
        app.kinds.open_gate();
    };
    let (head, other, ()) = tokio::join!(
        fetch(&app, "HEAD", &id, LONG),
        fetch(&app, "HEAD", &id, LONG),
        open
    );
    assert_eq!((head.status, other.status), (200, 200));
    assert_eq!(head.header("preference-applied"), Some(LONG));

    let reply = fetch(&app, "GET", &id, LONG).await;
    assert_eq!(reply.json(), json!({ "task_id": id, "waited": true }));
    assert_eq!(reply.header("preference-applied"), Some(LONG));
    assert_eq!(fetch(&app, "GET", &id, LONG).await.status, 404);
    waiting(&app, 0).await;
}

#[tokio::test]
async fn a_fetch_that_waits_in_vain_finds_nothing() {
    let app = spawn_app();
    let id = app.client.accepted(WAITS).await;
    for prefer in ["wait=0", "wait=1"] {
        assert_eq!(
            fetch(&app, "GET", &id, prefer).await.transcript(),
            format!(
                "\
404
cache-control: no-store
content-type: application/json
link: <{{base}}/api/operations/{{id}}>; rel=\"monitor\"
preference-applied: {prefer}
retry-after: 1

{{\"task_id\":\"{{id}}\"}}"
            )
        );
    }
}

#[tokio::test]
async fn nobody_waits_for_what_is_not_there() {
    let app = spawn_app();
    for id in ["6f1c2b3e-0000-4000-8000-000000000007", "x"] {
        assert_eq!(fetch(&app, "GET", id, LONG).await.status, 404);
    }
    waiting(&app, 0).await;
}

#[tokio::test]
async fn a_wait_of_the_wrong_form_is_passed_over_and_not_acknowledged() {
    let app = spawn_app();
    for prefer in ["wait=abc", "wait=-1", "wait", "wait=1.5", "waits=9", ""] {
        let reply = submit(&app, prefer, WAITS).await;
        assert_eq!(reply.status, 202, "{prefer}");
        assert_eq!(reply.header("preference-applied"), None, "{prefer}");
    }
}

#[tokio::test]
async fn other_preferences_are_acknowledged_when_they_are_granted() {
    let app = spawn_app();
    let reply = submit(&app, "respond-async", NUMBER).await;
    assert_eq!(reply.header("preference-applied"), Some("respond-async"));
    assert_eq!(reply.json()["number"], 24);

    let reply = submit(&app, "return=representation", NUMBER).await;
    let applied = reply.header("preference-applied");
    assert_eq!(applied, Some("return=representation"));
    assert_eq!(reply.json()["status"], "NotStarted");

    let reply = submit(&app, "return=minimal, handling=strict", NUMBER).await;
    assert_eq!(reply.header("preference-applied"), None);
}

#[tokio::test]
async fn a_task_that_ends_without_a_result_ends_the_wait() {
    let app = spawn_app();
    let begun = Instant::now();
    let failed = submit(&app, LONG, r#"{"kind": "hopeless", "input": 0}"#).await;
    assert_eq!(failed.status, 202);

    let id = app.client.accepted(WAITS).await;
    let cancel = async {
        waiting(&app, 1).await;
        let path = format!("/api/operations/{id}:cancel");
        app.client.send(app.client.request("POST", &path)).await
    };
    let (canceled, _) = tokio::join!(fetch(&app, "GET", &id, LONG), cancel);
    assert_eq!(canceled.status, 404);
    assert_eq!(canceled.header("retry-after"), None);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_client_that_hangs_up_frees_its_place() {
    let app = spawn_app();
    let id = app.client.accepted(WAITS).await;
    let connections: Vec<_> = (0..5)
        .map(|_| {
            let mut connection = TcpStream::connect(app.address).unwrap();
            write!(
                connection,
                "GET /api/tasks/{id} HTTP/1.1\r\nHost: x\r\nPrefer: {LONG}\r\n\r\n"
            )
            .unwrap();
            connection
        })
        .collect();
    waiting(&app, 5).await;
    let begun = Instant::now();
    drop(connections);
    waiting(&app, 0).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_key_that_stands_for_a_task_that_ended_does_not_wait_for_it() {
    let app = spawn_app();
    let begun = Instant::now();
    for _ in 0..2 {
        let request = app
            .client
            .post_task()
            .header("prefer", LONG)
            .header("idempotency-key", "\"k\"")
            .body(NUMBER);
        let reply = app.client.send(request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["calculation_result"], "46368");
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
}
