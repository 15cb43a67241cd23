//! `GET /api/operations/{id}/result`: for clients that poll a `Location` until it is no longer 202.

use crate::helpers::app::{spawn_app, spawn_busy_app};

#[tokio::test]
async fn it_is_202_until_there_is_a_result() {
    let (app, before) = spawn_busy_app().await;
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    insta::assert_snapshot!(app.client.result(&id).await.transcript(), @r#"
    202
    cache-control: no-store
    content-type: application/json
    location: {base}/api/operations/{id}/result
    retry-after: 1

    {"id":"{id}","kind":"waits","status":"NotStarted","createdDateTime":"{time}","lastActionDateTime":"{time}","attempts":0}
    "#);

    app.client.cancel(&before).await;
    app.kinds.open_gate();
    insta::assert_snapshot!(app.client.ended(&id).await.transcript(), @r#"
    200
    cache-control: no-store
    content-type: application/json

    {"waited":true}
    "#);
}

#[tokio::test]
async fn a_result_is_given_as_often_as_it_is_asked_for() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    for _ in 0..3 {
        assert_eq!(
            app.client.result(&id).await.text(),
            r#"{"number":24,"calculation_result":"46368"}"#
        );
    }
    assert_eq!(app.client.fetch(&id).await.status, 200);
}

#[tokio::test]
async fn a_location_can_be_followed() {
    let app = spawn_app();
    let submitted = app.client.submit(r#"{"number": 24}"#).await;
    let location = submitted.header("location").unwrap();
    let path = location.strip_prefix(app.client.base()).unwrap();
    assert!([200, 202].contains(&app.client.get(path).await.status));
}

#[tokio::test]
async fn a_failed_task_is_a_problem_with_the_tasks_own_error() {
    let app = spawn_app();
    let id = app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    insta::assert_snapshot!(app.client.result(&id).await.transcript(), @r#"
    424
    cache-control: no-store
    content-type: application/problem+json
    x-ms-error-code: NoHope

    {"type":"urn:problem-type:no-hope","title":"No hope","status":424,"detail":"there never was any","instance":"/api/operations/{id}/result","error":{"code":"NoHope","message":"there never was any"}}
    "#);
}

#[tokio::test]
async fn a_result_of_any_shape_is_given_bare() {
    let app = spawn_app();
    for result in ["7", "null", "{}", r#"{"a": 2.50}"#, r#""text""#, "[]"] {
        let id = app
            .client
            .run(&format!(r#"{{"kind": "echo", "input": {result}}}"#))
            .await;
        assert_eq!(app.client.result(&id).await.text(), result);
    }
}
