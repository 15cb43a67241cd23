//! `startAfter` and `delay`: tasks that begin later.

use std::time::Duration;

use backends::SystemClock;
use ports::{Clock, Timestamp, timestamp};
use serde_json::{Value, json};
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::Rig;
use crate::helpers::app::spawn_app;
use crate::helpers::deployment::Setting;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

/// By how much the clocks of two machines may differ, and a queue that counts whole seconds.
const SKEW: Duration = Duration::from_secs(1);

/// How late a task may begin on a busy machine. The message brings it, and not the sweep, which comes each minute.
const LATE: Duration = Duration::from_secs(30);

/// How long a task is put off: longer than it takes to submit a few and to look at each.
const DELAY: u64 = 15;

fn time(monitor: &Value, field: &str) -> Timestamp {
    timestamp::parse(monitor[field].as_str().unwrap()).unwrap()
}

async fn tasks_begin_when_they_are_to(setting: Setting) {
    let rig = Rig::start(setting).await;
    let now = SystemClock.now();
    let due_at = now + Duration::from_secs(DELAY);
    let bodies = [
        json!({"number": 24, "startAfter": timestamp::to_text(due_at)}),
        json!({"kind": "fibonacci", "input": {"number": 24}, "delay": DELAY}),
        json!({"number": 24, "delay": format!("PT{DELAY}S")}),
    ];
    let mut ids = Vec::new();
    for body in bodies {
        let before = SystemClock.now();
        let reply = rig.client().submit(body.to_string()).await;
        let after = SystemClock.now();
        assert_eq!(reply.status, 202, "{}", reply.text());
        let wait: i64 = reply.header("retry-after").unwrap().parse().unwrap();
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        let monitor = rig.monitor(&id).await;
        assert_eq!(monitor["status"], "NotStarted");
        let starts = time(&monitor, "startAfter");
        assert!(starts >= due_at, "{monitor}");
        let (least, most) = (
            (starts - after).whole_seconds(),
            (starts - before).whole_seconds() + 2,
        );
        assert!((least..=most).contains(&wait), "{wait}: {monitor}");
        ids.push((id, starts));
    }
    assert_eq!(ids[0].1, due_at);
    let listed = rig.listed("status=NotStarted").await;
    assert!(
        listed.iter().all(|task| task["startAfter"].is_string()),
        "{listed:?}"
    );
    assert_eq!(listed.len(), 3);
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
    let request = app.client.post_task().header("prefer", "wait=60");
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
    let times = [
        json!("tomorrow"),
        json!("2026-11-21"),
        json!(1_800_000_000),
        json!(null),
        // No offset, no such day, no such hour, no leap second, not in any year that we can write.
        json!("2026-11-21T11:37:42"),
        json!("2026-02-29T11:37:42Z"),
        json!("2026-11-21T24:00:00Z"),
        json!("2026-11-21T11:37:60Z"),
        json!("9999-12-31T23:59:59-00:01"),
        json!("10000-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59Z"),
        json!(too_far),
    ];
    let delays = [
        json!(-1),
        json!(1.5),
        json!(5.0),
        json!(true),
        json!([1]),
        json!(null),
        json!("5"),
        json!("PT0.5S"),
        json!("P1M"),
        json!("-PT5S"),
        json!("P366DT1S"),
        json!(31_622_401),
        json!(u64::MAX),
    ];
    let times = times.map(|time| {
        let start = json!({"startAfter": time});
        (start, "InvalidStartAfter", "startAfter")
    });
    let delays = delays.map(|delay| (json!({"delay": delay}), "InvalidDelay", "delay"));
    let both = json!({"delay": 1, "startAfter": "2026-11-21T11:37:42Z"});
    let both = [(both, "AmbiguousBody", "startAfter")];
    for (start, code, target) in times.into_iter().chain(delays).chain(both) {
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

#[tokio::test]
async fn a_time_is_the_same_in_every_zone_and_over_when_it_is() {
    let app = spawn_app();
    let noon = SystemClock.now() + Duration::from_secs(86_400);
    let text = timestamp::to_text(noon);
    let in_zone = |hours, minutes| {
        let zone = UtcOffset::from_hms(hours, minutes, 0).unwrap();
        noon.to_offset(zone).format(&Rfc3339).unwrap()
    };
    let submit = async |start: &str| {
        let request = app.client.post_task().header("idempotency-key", "zones");
        let body = json!({"number": 24, "startAfter": start});
        let reply = app.client.send(request.body(body.to_string())).await;
        assert_eq!(reply.status, 202, "{start}: {}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    };
    let id = submit(&text).await;
    let monitor = app.client.monitor(&id).await.json();
    assert_eq!(monitor["startAfter"], text);
    for start in [
        in_zone(0, 0),
        in_zone(5, 45),
        in_zone(-11, -30),
        in_zone(14, 0),
    ] {
        assert_eq!(submit(&start).await, id, "{start}");
    }
    for over in [
        "0000-01-01T00:00:00Z",
        "1969-07-20T22:17:40-05:00",
        "2016-12-31T23:59:60Z",
    ] {
        let body = json!({"number": 24, "startAfter": over});
        let id = app.client.run(&body.to_string()).await;
        assert!(
            app.client
                .monitor(&id)
                .await
                .json()
                .get("startAfter")
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_delay_is_the_same_in_either_form() {
    let app = spawn_app();
    let submit = async |delay: Value| {
        let request = app.client.post_task().header("idempotency-key", "forms");
        let body = json!([{"number": 24, "delay": delay}]).to_string();
        app.client.send(request.body(body)).await
    };
    let first = submit(json!(5_400)).await;
    assert_eq!(first.status, 202, "{}", first.text());
    for same in ["PT5400S", "PT90M", "PT1H30M"] {
        assert_eq!(submit(json!(same)).await.json(), first.json(), "{same}");
    }
    assert_eq!(submit(json!("PT5401S")).await.status, 422);
}

#[tokio::test]
async fn a_task_that_waits_for_its_time_is_neither_retried_nor_deleted() {
    let app = spawn_app();
    let id = app
        .client
        .accepted(r#"{"number": 24, "delay": "P7D"}"#)
        .await;
    for (method, path) in [
        ("POST", format!("/api/operations/{id}:retry")),
        ("DELETE", format!("/api/operations/{id}")),
    ] {
        let reply = app.client.send(app.client.keyed(method, &path)).await;
        assert_eq!(reply.status, 409, "{method}: {}", reply.text());
    }
    let monitor = app.client.monitor(&id).await.json();
    assert_eq!(
        (&monitor["status"], &monitor["attempts"]),
        (&json!("NotStarted"), &json!(0))
    );
}

async fn a_task_waits_on_through_a_restart(setting: Setting) {
    let folder = tempfile::tempdir().unwrap();
    let (account, name) = (setting.account(), format!("restarted-{}", Uuid::now_v7()));
    let mut settings = Vec::new();
    if let Some(account) = &account {
        settings.push(("AzureWebJobsStorage", &**account));
        settings.extend([("queue_name", &*name), ("BLOB_CONTAINER_NAME", &*name)]);
    }
    let serving = Serving::start_with(folder.path(), &settings);
    let id = serving
        .client
        .accepted(json!({"number": 24, "delay": DELAY}).to_string())
        .await;
    let due_at = time(&serving.client.monitor(&id).await.json(), "startAfter");
    drop(serving);

    let serving = Serving::start_with(folder.path(), &settings);
    let monitor = eventually("the task succeeds", async || {
        let monitor = serving.client.monitor(&id).await.json();
        (monitor["status"] == "Succeeded").then_some(monitor)
    })
    .await;
    let ended = time(&monitor, "lastActionDateTime");
    assert!(
        ended + SKEW >= due_at && ended <= due_at + LATE,
        "{due_at}: {monitor}"
    );
    assert_eq!(monitor["attempts"], 1);
}

#[tokio::test]
async fn a_task_waits_on_through_a_restart_on_the_embedded_store() {
    a_task_waits_on_through_a_restart(Setting::Embedded).await;
}

#[tokio::test]
async fn a_task_waits_on_through_a_restart_on_azure_storage() {
    a_task_waits_on_through_a_restart(Setting::Azurite).await;
}

#[tokio::test]
async fn a_task_waits_on_through_a_restart_under_the_functions_host() {
    let rig = Rig::start(Setting::Hosted).await;
    let body = json!({"number": 24, "delay": DELAY});
    let id = rig.client().accepted(body.to_string()).await;
    let due_at = time(&rig.monitor(&id).await, "startAfter");
    rig.deployment.kill().await;
    let monitor = eventually("the task succeeds", async || {
        let reply = rig.client().try_send(
            rig.client()
                .request("GET", &format!("/api/operations/{id}")),
        );
        let monitor = reply.await.ok().filter(|reply| reply.status == 200)?.json();
        (monitor["status"] == "Succeeded").then_some(monitor)
    })
    .await;
    let ended = time(&monitor, "lastActionDateTime");
    assert!(
        ended + SKEW >= due_at && ended <= due_at + LATE,
        "{due_at}: {monitor}"
    );
}
