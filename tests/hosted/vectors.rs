//! Requests of the host, sent with a length and in chunks: those that were recorded on a running one
//! (`observed-4.1037`), and those that were built from its source.

use bytes::Bytes;
use functions_host::{Answer, Payload};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::handler::Handler;
use super::json;

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
    send_body(handler, &path, body).await
}

async fn send_body(handler: &Handler, path: &str, body: Bytes) -> [Answer; 2] {
    let sized = handler.post(path, Payload::Sized(body.clone())).await;
    [sized, handler.post(path, Payload::Chunked(body)).await]
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

/// A recorded request, and what is to become of it.
#[derive(Deserialize)]
struct Observed {
    request: Request,
    expects: Expected,
}

#[derive(Deserialize)]
struct Request {
    path: String,
    body: Box<RawValue>,
}

#[derive(Deserialize)]
struct Expected {
    status: u16,
    task: Option<String>,
    /// What the task's monitor shows, among other things; without it the task is unknown.
    monitor: Option<Value>,
}

#[tokio::test]
async fn every_recorded_invocation_is_worked_or_refused() {
    let handler = Handler::start().await;
    let file = format!(
        "{}/tests/vectors/observed-4.1037.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let observed: Vec<Observed> =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(observed.len(), 22);
    for Observed { request, expects } in observed {
        let body = request.body.get().to_owned();
        for answer in send_body(&handler, &request.path, body.clone().into()).await {
            assert_eq!(answer.status, expects.status, "{body}");
            if expects.status == 200 {
                assert_success(&answer);
            }
        }
        let Some(id) = expects.task else { continue };
        let answer = handler.get(&format!("/api/operations/{id}")).await;
        assert_eq!(
            answer.status == 200,
            expects.monitor.is_some(),
            "{answer:?}"
        );
        for (field, value) in expects
            .monitor
            .iter()
            .flat_map(|shown| shown.as_object().unwrap())
        {
            assert_eq!(json(&answer)[field], *value, "{field} of {body}");
        }
    }
}

#[tokio::test]
async fn an_invocation_by_hand_is_an_attempt_like_others() {
    let handler = Handler::start().await;
    let message = r#"{"id":"55555555-5555-4555-8555-555555555555","number":7}"#;
    // As the host's admin endpoint makes it: no receipt, no count, and the input once more.
    let envelope = json!({
        "Data": {"message": json!(message).to_string()},
        "Metadata": {
            "DequeueCount": "0",
            "message": json!(message).to_string(),
            "id": "\"55555555-5555-4555-8555-555555555555\"",
            "sys": {"MethodName": "queue_worker"},
        },
    });
    let answer = handler
        .post("/queue_worker", Payload::Sized(envelope.to_string().into()))
        .await;
    assert_success(&answer);
    let monitor = handler
        .get("/api/operations/55555555-5555-4555-8555-555555555555")
        .await;
    let monitor = json(&monitor);
    assert_eq!(
        (&monitor["status"], &monitor["attempts"]),
        (&json!("Succeeded"), &json!(1))
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
