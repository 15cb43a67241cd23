//! A signal to the handler itself, such as a terminal sends to all processes of a host.

use functions_host::Payload;
use serde_json::json;
use uuid::Uuid;

use super::handler::{Handler, LONG};
use super::json;
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn who_waits_is_answered_and_what_runs_is_given_back_at_once() {
    let handler = Handler::start().await;
    let id = Uuid::new_v4();
    let message = json!({"id": id.to_string(), "number": LONG}).to_string();
    let envelope = json!({
        "Data": {"message": json!(message).to_string()},
        "Metadata": {"DequeueCount": "1"},
    });
    let work_and_stop = async {
        eventually("the client waits", async || {
            let metrics = handler.get("/api/metrics").await.body;
            let text = String::from_utf8_lossy(&metrics).into_owned();
            text.lines()
                .any(|line| line == "waiting_clients 1")
                .then_some(())
        })
        .await;
        let work = handler.post("/queue_worker", Payload::Sized(envelope.to_string().into()));
        let stop = async {
            handler.runs(id).await;
            handler.terminate().await;
        };
        tokio::join!(work, stop).0
    };
    let submission = handler.submit_waiting(r#"{"number": 24}"#);
    let (submitted, worked) = tokio::join!(submission, work_and_stop);

    assert_eq!(submitted.status, 202);
    let id = json(&submitted)["id"].as_str().unwrap().to_owned();
    let monitor = format!("/api/operations/{id}");
    assert!(submitted.header("operation-location").ends_with(&monitor));
    // The host deletes the message: another one was sent in its place.
    assert_eq!(worked.status, 200);
    let queue = handler.queue.clone();
    assert!(handler.ended_well().await);
    assert_eq!(queue.length().await.unwrap(), 2);
}
