//! What goes wrong under the host: bad messages, a process that dies, storage that is away.

use functions_host::{Event, Payload};
use hyper::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Hosted, json, options};
use crate::helpers::azurite::Azurite;

#[tokio::test]
async fn a_bad_message_ends_in_the_poison_queue_and_stops_nobody() {
    let hosted = Hosted::start().await;
    hosted.queue.send("hello \"queue\"").await.unwrap();
    let id = hosted.submit("24").await;
    assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
    let poisoned = |events: &[Event]| {
        events.iter().find_map(|event| match event {
            Event::Poisoned { text, .. } => Some(text.clone()),
            _ => None,
        })
    };
    let text = hosted
        .host
        .events()
        .wait_for("a poisoned message", poisoned)
        .await;
    assert_eq!(text, "hello \"queue\"");
    let failed = hosted.host.finished("queue_worker", 6).await;
    let counts: Vec<_> = failed
        .iter()
        .filter(|finished| finished.status == Some(500))
        .filter_map(|finished| finished.invocation.dequeue_count)
        .collect();
    assert_eq!(counts, [1, 2, 3, 4, 5]);
    hosted
        .host
        .log_line("invocation failed: the message is not a JSON object")
        .await;
}

#[tokio::test]
async fn a_task_nobody_can_do_fails_with_its_reason() {
    let hosted = Hosted::start().await;
    for (rest, code) in [
        (r#","number":"abc""#, "InvalidInput"),
        (r#","number":99999999999999999999"#, "InvalidInput"),
        (r#","kind":"nonsense","input":1"#, "NotWorkable"),
        ("", "NotWorkable"),
        (r#","kind":7"#, "UnreadableMessage"),
    ] {
        let id = Uuid::new_v4();
        hosted
            .queue
            .send(&format!(r#"{{"id":"{id}"{rest}}}"#))
            .await
            .unwrap();
        let monitor = hosted.ended(&id.to_string()).await;
        assert_eq!(
            (&monitor["status"], &monitor["error"]["code"]),
            (&json!("Failed"), &json!(code)),
            "{rest}"
        );
        let result = hosted.get(&format!("/api/operations/{id}/result")).await;
        assert_eq!(
            (result.status.as_u16(), result.header("x-ms-error-code")),
            (424, code)
        );
        assert_eq!(hosted.get(&format!("/api/tasks/{id}")).await.status, 404);
    }
}

#[tokio::test]
async fn a_task_survives_the_process_that_works_on_it() {
    let (options, queue) = options(&crate::helpers::azurite::azurite().connection_string());
    let hosted = Hosted::start_with(options, queue).await;
    let id = hosted.submit("9999999").await;
    let started = |events: &[Event]| {
        events.iter().find_map(|event| match event {
            Event::InvocationStarted(invocation) if invocation.function == "queue_worker" => {
                Some(())
            }
            _ => None,
        })
    };
    hosted.host.events().wait_for("an attempt", started).await;
    hosted.host.crash_worker().await;
    hosted.healthy().await;
    let ended = hosted.ended(&id).await;
    assert_eq!(
        (&ended["status"], &ended["attempts"]),
        (&json!("Succeeded"), &json!(2))
    );
}

#[tokio::test]
async fn while_storage_is_away_clients_are_told_and_then_it_recovers() {
    let mut storage = Azurite::start();
    let (options, queue) = options(&storage.connection_string());
    let hosted = Hosted::start_with(options, queue).await;
    let before = hosted.submit("24").await;
    assert_eq!(hosted.ended(&before).await["status"], "Succeeded");

    storage.stop();
    for (method, path, payload) in [
        (
            Method::POST,
            "/api/tasks".to_owned(),
            Payload::Sized(r#"{"number":1}"#.into()),
        ),
        (Method::GET, format!("/api/tasks/{before}"), Payload::Empty),
        (
            Method::GET,
            format!("/api/operations/{before}"),
            Payload::Empty,
        ),
        (Method::GET, "/api/health".to_owned(), Payload::Empty),
    ] {
        let answer = hosted.send(method, &path, payload).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.header("x-ms-error-code"), "StorageUnavailable");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
        assert!(
            !json(&answer).to_string().contains("refused"),
            "nothing internal gets out"
        );
    }

    storage.restart();
    let after = hosted.submit("10").await;
    assert_eq!(
        hosted.ended(&after).await["result"]["calculation_result"],
        "55"
    );
    assert_eq!(
        hosted.get(&format!("/api/tasks/{before}")).await.status,
        200
    );
}
