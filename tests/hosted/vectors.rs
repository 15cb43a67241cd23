//! The recorded requests of the host, sent with a length and in chunks.

use bytes::Bytes;
use serde_json::{Value, json};

use super::handler::Handler;
use super::json;
use crate::host::{Answer, Payload};

/// A vector's path and wire body.
fn vector(name: &str) -> (String, Bytes) {
    let file = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let vector: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let request = &vector["request"];
    (
        request["path"].as_str().unwrap().to_owned(),
        request["body"].to_string().into(),
    )
}

/// Sends a vector in both framings; the answers.
async fn send(handler: &Handler, name: &str) -> [Answer; 2] {
    let (path, body) = vector(name);
    let sized = handler.post(&path, Payload::Sized(body.clone())).await;
    [sized, handler.post(&path, Payload::Chunked(body)).await]
}

/// What the host takes for success: 2xx, JSON, an object, never empty.
fn assert_success(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(
        json(answer)
            .as_object()
            .is_some_and(|object| !object.is_empty())
    );
    assert!(
        json(answer)["Logs"]
            .as_array()
            .unwrap()
            .iter()
            .all(Value::is_string)
    );
}

#[tokio::test]
async fn a_json_message_is_worked_once_however_often_it_comes() {
    let handler = Handler::start().await;
    send(&handler, "queue-json")
        .await
        .iter()
        .for_each(assert_success);
    let id = "01990f6e-5c00-7a2b-8c3d-000000000001";
    let monitor = json(&handler.get(&format!("/api/operations/{id}")).await);
    assert_eq!(monitor["status"], "Succeeded");
    assert_eq!(
        monitor["result"],
        json!({ "number": 24, "calculation_result": "46368" })
    );
}

#[tokio::test]
async fn the_fifth_delivery_is_worked_like_the_first() {
    let handler = Handler::start().await;
    send(&handler, "queue-dequeue5")
        .await
        .iter()
        .for_each(assert_success);
    let (_, body) = vector("queue-dequeue5");
    let data: Value = serde_json::from_slice(&body).unwrap();
    let message: String = serde_json::from_str(data["Data"]["message"].as_str().unwrap()).unwrap();
    let message: Value = serde_json::from_str(&message).unwrap();
    let id = message["id"].as_str().unwrap();
    let monitor = json(&handler.get(&format!("/api/operations/{id}")).await);
    assert_eq!(
        (&monitor["status"], &monitor["attempts"]),
        (&json!("Succeeded"), &json!(5))
    );
}

#[tokio::test]
async fn plain_text_is_a_bad_message_and_no_more() {
    let handler = Handler::start().await;
    for answer in send(&handler, "queue-plain-string").await {
        assert_eq!(answer.status, 500);
    }
    assert_eq!(handler.get("/api/health").await.status, 200);
}

#[tokio::test]
async fn the_timer_sweeps_past_due_or_not() {
    let handler = Handler::start().await;
    for name in ["timer-normal", "timer-past-due"] {
        send(&handler, name).await.iter().for_each(assert_success);
    }
}

#[tokio::test]
async fn requests_for_functions_we_do_not_have_are_survived() {
    let handler = Handler::start().await;
    for name in [
        "http-payload-post",
        "http-payload-get-route",
        "servicebus-json",
    ] {
        for answer in send(&handler, name).await {
            assert_eq!(answer.status, 404, "{name}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
        // The same body where it does not belong.
        for path in ["/queue_worker", "/timer_worker"] {
            let answer = handler.post(path, Payload::Sized(vector(name).1)).await;
            let expected = if path == "/timer_worker" { 200 } else { 500 };
            assert_eq!(answer.status, expected, "{name} to {path}");
        }
    }
}

#[tokio::test]
async fn rubbish_in_place_of_an_envelope_is_a_failed_invocation() {
    let handler = Handler::start().await;
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"Data":{}}"#,
        r#"{"Data":{"a":1,"b":2}}"#,
        "\u{0}",
    ] {
        let answer = handler
            .post("/queue_worker", Payload::Sized(body.to_owned().into()))
            .await;
        assert_eq!(answer.status, 400, "{body:?}");
    }
    let huge = Payload::Sized(vec![b'x'; 3 * 1024 * 1024].into());
    assert_eq!(handler.post("/queue_worker", huge).await.status, 413);
    assert_eq!(handler.get("/api/health").await.status, 200);
}
