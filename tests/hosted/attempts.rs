//! Attempts that fail under the host, which itself retries at once or after one fixed time.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use async_request_reply::config::{EarlyStart, Mode, Storage};
use backends::SystemClock;
use functions_host::Finished;
use ports::Clock;
use ports::timestamp;
use serde_json::json;

use super::{Hosted, json, options};
use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::azurite::azurite;
use crate::helpers::queues;

/// The service in this process, with the test kinds, and the host in front of it.
async fn start() -> (App, Hosted) {
    let storage = azurite();
    let (options, queue) = options(&storage.connection_string());
    let name = queue.name().to_owned();
    let app = spawn_app_with(|config| {
        config.mode = Mode::Hosted((Ipv4Addr::LOCALHOST, 0).into());
        config.storage = Storage::Azure(storage.account());
        config.container.clone_from(&name);
        config.queue = queues::name(&name);
        // What the host delivers is what is looked at.
        config.early_start = EarlyStart::Off;
    });
    let options = options.handler_at(app.address.port());
    let hosted = Hosted::start_with(options, queue).await;
    (app, hosted)
}

impl Hosted {
    async fn submit_kind(&self, kind: &str, input: &str) -> String {
        let body = format!(r#"{{"kind": "{kind}", "input": {input}}}"#);
        let accepted = self.post("/api/tasks", &body).await;
        assert_eq!(accepted.status, 202, "{accepted:?}");
        json(&accepted)["id"].as_str().unwrap().to_owned()
    }
}

/// Each attempt was a message of its own, which the host acknowledged.
fn assert_acknowledged(calls: &[Finished]) {
    for call in calls {
        assert_eq!(call.status, Some(200), "{call:?}");
        assert_eq!(call.invocation.dequeue_count, Some(1), "{call:?}");
    }
}

#[tokio::test]
async fn the_waits_grow_though_the_host_would_retry_at_once() {
    let (_app, hosted) = start().await;
    let begun = Instant::now();
    let id = hosted.submit_kind("flaky", r#"{"failures": 2}"#).await;
    let ended = hosted.ended(&id).await;
    assert_eq!(ended["result"], json!({ "attempt": 3 }));
    assert_eq!(ended["attempts"], 3);
    // 2 and 8 seconds, each less a quarter, cut to whole seconds by the queue.
    assert!(
        begun.elapsed() >= Duration::from_secs(1 + 6),
        "{:?}",
        begun.elapsed()
    );
    assert_acknowledged(&hosted.host.finished("queue_worker", 3).await);
    hosted.queue.settles_at(0).await;
}

#[tokio::test]
async fn a_count_that_a_message_brings_along_is_not_believed() {
    let (_app, hosted) = start().await;
    for count in [json!(5), json!("99"), json!(0)] {
        let id = uuid::Uuid::new_v4().to_string();
        let message = json!({
            "id": id, "kind": "flaky", "input": {"failures": 1},
            "dequeuecount": count, "InsertionTime": "1999-12-31T23:59:59Z",
        });
        hosted.queue.send(&message.to_string()).await.unwrap();
        let ended = hosted.ended(&id).await;
        // With five it would have been the last one.
        assert_eq!(
            (&ended["status"], &ended["attempts"]),
            (&json!("Succeeded"), &json!(2))
        );
        let created = ended["createdDateTime"].as_str().unwrap();
        assert!(created > "2020", "{created}");
    }
}

#[tokio::test]
async fn an_attempt_that_comes_too_early_is_not_counted_and_comes_when_it_said() {
    let (_app, hosted) = start().await;
    let input = r#"{"times": 6, "milliseconds": 0}"#;
    let id = hosted.submit_kind("later", input).await;
    let ended = hosted.ended(&id).await;
    assert_eq!(
        (&ended["status"], &ended["attempts"]),
        (&json!("Succeeded"), &json!(1))
    );
    assert_acknowledged(&hosted.host.finished("queue_worker", 7).await);
}

#[tokio::test]
async fn a_message_that_comes_before_its_time_is_acknowledged_and_comes_again() {
    let (_app, hosted) = start().await;
    // The host looks for it every two seconds, or not as often on a busy machine.
    let due_at = SystemClock.now() + Duration::from_secs(15);
    let id = uuid::Uuid::new_v4().to_string();
    let message = json!({
        "id": id, "kind": "flaky", "input": {"failures": 0}, "due_at": timestamp::to_text(due_at),
    });
    hosted.queue.send(&message.to_string()).await.unwrap();
    let ended = hosted.ended(&id).await;
    assert_eq!(ended["result"], json!({ "attempt": 1 }));
    assert!(SystemClock.now() + Duration::from_secs(1) >= due_at);
    assert_acknowledged(&hosted.host.finished("queue_worker", 2).await);
    hosted.queue.settles_at(0).await;
}

#[tokio::test]
async fn a_running_task_is_canceled_and_its_message_acknowledged() {
    let (app, hosted) = start().await;
    let id = hosted.submit_kind("waits", "0").await;
    crate::helpers::eventually::eventually("the attempt runs", async || {
        (app.kinds.runs() == 1).then_some(())
    })
    .await;
    let canceled = hosted
        .post(&format!("/api/operations/{id}:cancel"), "")
        .await;
    assert_eq!(json(&canceled)["status"], "Canceled");
    assert_acknowledged(&hosted.host.finished("queue_worker", 1).await);
    hosted.queue.settles_at(0).await;
    assert_eq!(hosted.ended(&id).await["status"], "Canceled");
}

#[tokio::test]
async fn a_failed_task_is_retried() {
    let (_app, hosted) = start().await;
    let id = hosted.submit_kind("hopeless", "0").await;
    assert_eq!(hosted.ended(&id).await["attempts"], 1);
    let retried = hosted
        .post(&format!("/api/operations/{id}:retry"), "")
        .await;
    assert_eq!(
        (retried.status.as_u16(), &json(&retried)["attempts"]),
        (202, &json!(1))
    );
    hosted.host.finished("queue_worker", 2).await;
    let ended = hosted.ended(&id).await;
    assert_eq!(
        (&ended["status"], &ended["attempts"]),
        (&json!("Failed"), &json!(2))
    );
}

#[tokio::test]
async fn slow_work_of_one_kind_holds_up_no_other_under_the_host() {
    let (app, hosted) = start().await;
    let mut slow = Vec::new();
    // More than the host hands over at a time.
    for _ in 0..30 {
        slow.push(hosted.submit_kind("slow", "0").await);
    }
    let quick = hosted.submit_kind("echo", "1").await;
    assert_eq!(hosted.ended(&quick).await["result"], json!(1));
    assert_eq!(app.kinds.slow_runs(), 1);
    app.kinds.open_gate();
    for id in slow {
        let ended = hosted.ended(&id).await;
        assert_eq!(
            (&ended["status"], &ended["attempts"]),
            (&json!("Succeeded"), &json!(1))
        );
    }
    hosted.queue.settles_at(0).await;
}
