//! `POST /api/tasks`: what is accepted, and how it is answered.

use serde_json::json;

use crate::helpers::app::spawn_app;

#[tokio::test]
async fn a_number_is_accepted_and_echoed() {
    let app = spawn_app();
    insta::assert_snapshot!(app.client.submit(r#"{"number": 24}"#).await.transcript(), @r#"
    202
    cache-control: no-store
    content-type: application/json
    location: {base}/api/operations/{id}/result
    operation-id: {id}
    operation-location: {base}/api/operations/{id}
    retry-after: 1

    {"id":"{id}","number":24}
    "#);
}

#[tokio::test]
async fn the_id_is_the_same_wherever_it_is_told() {
    let app = spawn_app();
    let reply = app.client.submit(r#"{"number": 24}"#).await;
    let body = reply.json();
    let id = body["id"].as_str().unwrap();
    let monitor = format!("{}/api/operations/{id}", app.client.base());
    assert_eq!(reply.header("operation-id"), Some(id));
    assert_eq!(reply.header("operation-location"), Some(&*monitor));
    assert_eq!(
        reply.header("location"),
        Some(&*format!("{monitor}/result"))
    );
}

#[tokio::test]
async fn a_number_is_echoed_as_it_was_sent() {
    let app = spawn_app();
    for (number, result) in [
        ("0", "0"),
        ("-0", "0"),
        ("24", "46368"),
        ("-8", "-21"),
        (r#""12""#, "144"),
        (r#""-7""#, "13"),
        (r#""-0""#, "0"),
        (r#""\u0031\u0032""#, "144"),
    ] {
        let body = format!("{{\"number\":{number}}}");
        let reply = app.client.submit(body).await;
        let id = reply.header("operation-id").unwrap();
        assert_eq!(
            reply.text(),
            format!(r#"{{"id":"{id}","number":{number}}}"#)
        );
        app.client.ended(id).await;
        assert_eq!(
            app.client.fetch(id).await.text(),
            format!(r#"{{"task_id":"{id}","number":{number},"calculation_result":"{result}"}}"#)
        );
    }
}

#[tokio::test]
async fn fields_that_mean_nothing_are_passed_over() {
    let app = spawn_app();
    let body = "\n{ \"client\": {\"number\": 1}, \"number\"\t: 24 }\r\n";
    let reply = app.client.submit(body).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.json()["number"], 24);
}

#[tokio::test]
async fn a_query_that_means_nothing_is_passed_over() {
    let app = spawn_app();
    let request = app
        .client
        .request("POST", "/api/tasks?wait=10&code=x&a=1&a=2")
        .body(r#"{"number": 24}"#);
    assert_eq!(app.client.send(request).await.status, 202);
}

#[tokio::test]
async fn any_kind_is_accepted_by_name() {
    let app = spawn_app();
    let reply = app
        .client
        .submit(r#"{"input": {"a": [1, 2.50]}, "kind": "echo"}"#)
        .await;
    insta::assert_snapshot!(reply.transcript(), @r#"
    202
    cache-control: no-store
    content-type: application/json
    location: {base}/api/operations/{id}/result
    operation-id: {id}
    operation-location: {base}/api/operations/{id}
    retry-after: 1

    {"id":"{id}","kind":"echo"}
    "#);
}

#[tokio::test]
async fn fibonacci_can_be_asked_for_by_name() {
    let app = spawn_app();
    let id = app
        .client
        .run(r#"{"kind": "fibonacci", "input": {"number": "12"}}"#)
        .await;
    assert_eq!(
        app.client.fetch(&id).await.json(),
        json!({"task_id": id, "number": "12", "calculation_result": "144"})
    );
}

#[tokio::test]
async fn a_client_that_names_an_api_version_gets_the_monitor() {
    let app = spawn_app();
    let request = app
        .client
        .request("POST", "/api/tasks?api-version=2026-08-20")
        .header("content-type", "application/json")
        .body(r#"{"number": 24}"#);
    let transcript = app.client.send(request).await.transcript();
    let (_, body) = transcript.split_once("\n\n").unwrap();
    assert_eq!(
        body,
        "{\"id\":\"{id}\",\"kind\":\"fibonacci\",\"status\":\"NotStarted\",\
         \"createdDateTime\":\"{time}\",\"lastActionDateTime\":\"{time}\",\"attempts\":0}"
    );
}

#[tokio::test]
async fn json_is_taken_under_all_its_names() {
    let app = spawn_app();
    for media_type in [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("Application/JSON"),
        Some("text/json"),
        Some("application/vnd.example+json"),
    ] {
        let request = app.client.request("POST", "/api/tasks");
        let request = match media_type {
            Some(media_type) => request.header("content-type", media_type),
            None => request,
        };
        let reply = app.client.send(request.body(r#"{"number": 24}"#)).await;
        assert_eq!(reply.status, 202, "{media_type:?}");
    }
}
