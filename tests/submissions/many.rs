//! Many tasks in one body: all are looked at before the first is accepted, and each has an answer.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Rig;
use crate::helpers::app::{spawn_app, spawn_app_with};
use crate::helpers::deployment::Setting;
use crate::helpers::eventually::eventually;
use crate::helpers::reply::Reply;

/// Two of both forms, and one for later.
fn bodies(count: usize) -> Vec<Value> {
    let body = |n: usize| match n % 3 {
        0 => json!({"number": n % 90}),
        1 => json!({"kind": "fibonacci", "input": {"number": n % 90}, "labels": ["many"]}),
        _ => json!({"number": n % 90, "delay": 1}),
    };
    (0..count).map(body).collect()
}

/// As many, all but the last few of which are for tomorrow: a busy machine has enough to do with taking them in.
fn bodies_for_later(count: usize) -> Vec<Value> {
    let mut bodies = bodies(count);
    for body in bodies.iter_mut().rev().skip(6) {
        body["delay"] = json!(86_400);
    }
    bodies
}

/// The tasks of a reply that took all of them.
fn tasks(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.json()["tasks"].as_array().unwrap().clone()
}

async fn many_are_one_call(setting: Setting, count: usize) {
    let rig = Rig::start(setting).await;
    let bodies = bodies_for_later(count);

    let reply = rig.client().submit(json!(bodies).to_string()).await;

    let tasks = tasks(&reply);
    assert!(reply.header("retry-after").is_some());
    assert_eq!(tasks.len(), count);
    let mut ids = HashSet::new();
    for (body, task) in bodies.iter().zip(&tasks) {
        assert_eq!(
            (&task["number"], &task["kind"]),
            (&body["number"], &body["kind"])
        );
        let path = rig
            .deployment
            .path_of(task["operationLocation"].as_str().unwrap());
        let id = task["id"].as_str().unwrap();
        assert_eq!(path, format!("/api/operations/{id}"));
        ids.insert(id.to_owned());
    }
    assert_eq!(ids.len(), count);
    for (body, task) in bodies.iter().zip(&tasks).rev().take(6) {
        let monitor = rig.succeeded(task["id"].as_str().unwrap()).await;
        let number = match body["number"].is_null() {
            true => &body["input"]["number"],
            false => &body["number"],
        };
        assert_eq!(&monitor["result"]["number"], number);
    }
    rig.client().has_taken(count as u64).await;
    assert_eq!(rig.listed("label=many&top=100").await.len(), count / 3);
}

#[tokio::test]
async fn a_thousand_are_one_call_on_the_embedded_store() {
    many_are_one_call(Setting::Embedded, 1_000).await;
}

#[tokio::test]
async fn a_thousand_are_one_call_on_azure_storage() {
    many_are_one_call(Setting::Azurite, 1_000).await;
}

#[tokio::test]
async fn many_are_one_call_under_the_functions_host() {
    // Over the same emulator, which takes half a minute for a thousand beside other tests.
    many_are_one_call(Setting::Hosted, 300).await;
}

#[tokio::test]
async fn one_that_is_wrong_keeps_all_from_being_accepted_and_is_named() {
    let app = spawn_app();
    for (wrong, status, code, target) in [
        (
            json!({"kind": "fibonacci", "input": {"number": 1.5}}),
            422,
            "InvalidNumber",
            "[17].input.number",
        ),
        (json!({"number": "x"}), 422, "InvalidNumber", "[17].number"),
        (
            json!({"kind": "nothing", "input": 1}),
            422,
            "UnknownKind",
            "[17].kind",
        ),
        (json!({"kind": "echo"}), 422, "MissingInput", "[17].input"),
        (
            json!({"number": 1, "labels": [""]}),
            422,
            "InvalidLabels",
            "[17].labels[0]",
        ),
        (
            json!({"number": 1, "delay": 31_622_401}),
            422,
            "InvalidDelay",
            "[17].delay",
        ),
        (json!(7), 400, "InvalidBody", "[17]"),
        (json!([{"number": 1}]), 400, "InvalidBody", "[17]"),
    ] {
        let mut bodies = bodies(20);
        bodies[17] = wrong;
        let reply = app.client.submit(json!(bodies).to_string()).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        let (told, at, _) = reply.problem();
        assert_eq!((told.as_str(), at.as_deref()), (code, Some(target)));
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn none_and_more_than_a_thousand_are_refused() {
    let app = spawn_app();
    let more = json!(vec![json!({"number": 1}); 1_001]).to_string();
    for (body, status, code) in [
        ("[]", 400, "InvalidBody"),
        (" [ ] ", 400, "InvalidBody"),
        (r#"[{"number": 1}"#, 400, "MalformedBody"),
        (r#"[{"number": 1}] 2"#, 400, "MalformedBody"),
        (&more, 413, "BodyTooLarge"),
    ] {
        let reply = app.client.submit(body.to_owned()).await;
        let (told, at, _) = reply.problem();
        assert_eq!(
            (reply.status, told.as_str(), at.as_deref()),
            (status, code, Some("body"))
        );
    }
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn many_are_refused_together_when_there_is_no_room_for_all() {
    let app = spawn_app_with(|config| config.max_queue_length = Some(5));
    let of = |count| json!(vec![json!({"kind": "waits", "input": 1}); count]).to_string();
    let reply = app.client.submit(of(6)).await;
    assert_eq!(
        (reply.status, reply.problem().0.as_str()),
        (429, "TooManyTasks")
    );
    app.client.has_taken(0).await;
    let keyed = app.client.post_task().header("idempotency-key", "many");
    let reply = app.client.send(keyed.body(of(6))).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    app.client.has_taken(0).await;
    assert_eq!(tasks(&app.client.submit(of(5)).await).len(), 5);
}

#[tokio::test]
async fn a_key_stands_for_all_of_them() {
    let app = spawn_app();
    let submit = async |bodies: &[Value]| {
        let request = app.client.post_task().header("idempotency-key", "many");
        app.client
            .send(request.body(json!(bodies).to_string()))
            .await
    };
    let all = bodies(30);
    let first = tasks(&submit(&all).await);
    assert_eq!(tasks(&submit(&all).await), first);
    for other in [&all[..29], &all[1..], &bodies(31)] {
        let reply = submit(other).await;
        assert_eq!(
            (reply.status, reply.problem().0.as_str()),
            (422, "IdempotencyKeyReused")
        );
    }
    let request = app.client.post_task().header("idempotency-key", "many");
    let single = app.client.send(request.body(all[0].to_string())).await;
    assert_eq!(single.status, 422);
    eventually("all have ended", async || {
        (app.client.tasks_ended().await == 30).then_some(())
    })
    .await;
    app.client.has_taken(30).await;
}
