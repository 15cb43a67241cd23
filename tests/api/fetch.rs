//! `GET /api/tasks/{task_id}`: the result, given once.

use serde_json::json;

use crate::helpers::app::spawn_app;

#[tokio::test]
async fn a_result_is_given_once() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    insta::assert_snapshot!(app.client.fetch(&id).await.transcript(), @r#"
    200
    cache-control: no-store
    content-type: application/json

    {"task_id":"{id}","number":24,"calculation_result":"46368"}
    "#);
    insta::assert_snapshot!(app.client.fetch(&id).await.transcript(), @r#"
    404
    cache-control: no-store
    content-type: application/json

    {"task_id":"{id}"}
    "#);
    assert_eq!(app.client.monitor(&id).await.status, 404);
    assert_eq!(app.client.result(&id).await.status, 404);
}

#[tokio::test]
async fn looking_at_the_head_takes_nothing() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    let length = json!({"task_id": id, "number": 24, "calculation_result": "46368"})
        .to_string()
        .len();
    for _ in 0..3 {
        let head = app.client.head(&id).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-type"), Some("application/json"));
        assert_eq!(head.header("content-length"), Some(&*length.to_string()));
    }
    assert_eq!(app.client.fetch(&id).await.status, 200);
    assert_eq!(app.client.head(&id).await.status, 404);
}

#[tokio::test]
async fn an_id_in_capitals_is_the_same_id() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    let reply = app.client.fetch(&id.to_uppercase()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["task_id"], id);
    assert_eq!(app.client.fetch(&id).await.status, 404);
}

#[tokio::test]
async fn a_waiting_task_has_no_result_but_a_monitor() {
    let app = spawn_app();
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    insta::assert_snapshot!(app.client.fetch(&id).await.transcript(), @r#"
    404
    cache-control: no-store
    content-type: application/json
    link: <{base}/api/operations/{id}>; rel="monitor"
    retry-after: 1

    {"task_id":"{id}"}
    "#);
}

#[tokio::test]
async fn a_failed_task_has_no_result_and_nothing_to_wait_for() {
    let app = spawn_app();
    let id = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    let first = app.client.fetch(&id).await.transcript();
    insta::assert_snapshot!(first, @r#"
    404
    cache-control: no-store
    content-type: application/json
    link: <{base}/api/operations/{id}>; rel="monitor"

    {"task_id":"{id}"}
    "#);
    assert_eq!(app.client.fetch(&id).await.transcript(), first);
}

#[tokio::test]
async fn a_result_of_any_shape_stands_beside_the_id() {
    let app = spawn_app();
    for (result, rest) in [
        (r#"{"a":1,"b":[2.50,1e3]}"#, r#","a":1,"b":[2.50,1e3]}"#),
        ("{}", "}"),
        ("{ }", "}"),
        ("7", r#","result":7}"#),
        ("null", r#","result":null}"#),
        (r#""{""#, r#","result":"{"}"#),
        ("[1, {}]", r#","result":[1, {}]}"#),
    ] {
        let id = app
            .client
            .run(&format!(r#"{{"kind": "echo", "input": {result}}}"#))
            .await;
        let fetched = app.client.fetch(&id).await;
        assert_eq!(fetched.text(), format!(r#"{{"task_id":"{id}"{rest}"#));
    }
}
