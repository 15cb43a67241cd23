//! `startAfter` and `delay`: tasks that begin later.

use std::time::Duration;

use backends::SystemClock;
use ports::{Clock, Timestamp, timestamp};
use serde_json::{Value, json};

use super::Rig;
use crate::helpers::app::spawn_app;
use crate::helpers::deployment::Setting;

/// By how much the clocks of two machines may differ, and a queue that counts whole seconds.
const SKEW: Duration = Duration::from_secs(1);

/// How late a task may begin: a look into the queue of the Functions host is two seconds after the one before.
const LATE: Duration = Duration::from_secs(4);

fn time(monitor: &Value, field: &str) -> Timestamp {
    timestamp::parse(monitor[field].as_str().unwrap()).unwrap()
}

async fn tasks_begin_when_they_are_to(setting: Setting) {
    let rig = Rig::start(setting).await;
    let now = SystemClock.now();
    let due_at = now + Duration::from_secs(4);
    let bodies = [
        json!({"number": 24, "startAfter": timestamp::to_text(due_at)}),
        json!({"kind": "fibonacci", "input": {"number": 24}, "delay": 4}),
    ];
    let mut ids = Vec::new();
    for body in bodies {
        let reply = rig.client().submit(body.to_string()).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((3..=6).contains(&wait), "{wait}");
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        let monitor = rig.monitor(&id).await;
        assert_eq!(monitor["status"], "NotStarted");
        assert!(time(&monitor, "startAfter") >= due_at, "{monitor}");
        ids.push((id, time(&monitor, "startAfter")));
    }
    assert_eq!(ids[0].1, due_at);
    let listed = rig.listed("status=NotStarted").await;
    assert!(
        listed.iter().all(|task| task["startAfter"].is_string()),
        "{listed:?}"
    );
    assert_eq!(listed.len(), 2);
    // One that is not put off does not wait for the others.
    rig.client().run(r#"{"number": 7}"#).await;
    for (id, due_at) in ids {
        let monitor = rig.succeeded(&id).await;
        let ended = time(&monitor, "lastActionDateTime");
        assert!(ended + SKEW >= due_at, "{monitor}");
        assert!(ended <= due_at + LATE, "{monitor}");
        assert_eq!(monitor["attempts"], 1);
        assert!(monitor.get("startAfter").is_none());
    }
}

#[tokio::test]
async fn tasks_begin_when_they_are_to_on_the_embedded_store() {
    tasks_begin_when_they_are_to(Setting::Embedded).await;
}

#[tokio::test]
async fn tasks_begin_when_they_are_to_on_azure_storage() {
    tasks_begin_when_they_are_to(Setting::Azurite).await;
}

#[tokio::test]
async fn tasks_begin_when_they_are_to_under_the_functions_host() {
    tasks_begin_when_they_are_to(Setting::Hosted).await;
}

#[tokio::test]
async fn a_client_may_wait_for_a_task_that_begins_later() {
    let app = spawn_app();
    let request = app.client.post_task().header("prefer", "wait=10");
    let begun = std::time::Instant::now();
    let reply = app
        .client
        .send(request.body(r#"{"number": 24, "delay": 1}"#))
        .await;
    assert_eq!(
        (reply.status, &reply.json()["calculation_result"]),
        (200, &json!("46368"))
    );
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_task_that_waits_for_its_time_can_be_canceled() {
    let app = spawn_app();
    let id = app
        .client
        .accepted(r#"{"number": 24, "delay": 31622400}"#)
        .await;
    let cancel = app
        .client
        .request("POST", &format!("/api/operations/{id}:cancel"));
    let monitor = app.client.send(cancel).await.json();
    assert_eq!(monitor["status"], "Canceled");
    assert!(monitor.get("startAfter").is_none(), "{monitor}");
}

#[tokio::test]
async fn a_start_that_cannot_be_is_refused_by_its_field() {
    let app = spawn_app();
    let year = Duration::from_secs(367 * 24 * 60 * 60);
    let too_far = timestamp::to_text(SystemClock.now() + year);
    for (start, code, target) in [
        (
            json!({"startAfter": "tomorrow"}),
            "InvalidStartAfter",
            "startAfter",
        ),
        (
            json!({"startAfter": "2026-11-21"}),
            "InvalidStartAfter",
            "startAfter",
        ),
        (
            json!({"startAfter": 1_800_000_000}),
            "InvalidStartAfter",
            "startAfter",
        ),
        (
            json!({"startAfter": null}),
            "InvalidStartAfter",
            "startAfter",
        ),
        (
            json!({"startAfter": too_far}),
            "InvalidStartAfter",
            "startAfter",
        ),
        (json!({"delay": -1}), "InvalidDelay", "delay"),
        (json!({"delay": 1.5}), "InvalidDelay", "delay"),
        (json!({"delay": "5"}), "InvalidDelay", "delay"),
        (json!({"delay": 31_622_401}), "InvalidDelay", "delay"),
        (json!({"delay": u64::MAX}), "InvalidDelay", "delay"),
        (
            json!({"delay": 1, "startAfter": "2026-11-21T11:37:42Z"}),
            "AmbiguousBody",
            "startAfter",
        ),
    ] {
        for work in [json!({"number": 24}), json!({"kind": "echo", "input": 1})] {
            let mut body = work;
            body.as_object_mut()
                .unwrap()
                .extend(start.as_object().unwrap().clone());
            let reply = app.client.submit(body.to_string()).await;
            assert_eq!(reply.status, 422, "{body}: {}", reply.text());
            let (told, at, _) = reply.problem();
            assert_eq!(
                (told.as_str(), at.as_deref()),
                (code, Some(target)),
                "{body}"
            );
        }
    }
    app.client.has_taken(0).await;
}
