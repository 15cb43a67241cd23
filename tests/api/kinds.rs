//! `GET /api/kinds`: what can be submitted, how it is treated, and what was seen of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::helpers::app::{App, spawn_app, spawn_app_with, spawn_standard_app_with};
use crate::helpers::eventually::eventually;

/// What is told of a kind.
async fn told(app: &App, name: &str) -> Value {
    let reply = app.client.get("/api/kinds").await;
    assert_eq!(reply.status, 200);
    let mut list = reply.json();
    let kinds = list["value"].as_array_mut().unwrap();
    let kind = kinds.iter_mut().find(|kind| kind["name"] == name);
    kind.unwrap_or_else(|| panic!("there is no {name}")).take()
}

#[tokio::test]
async fn everybody_is_told_the_kinds_in_the_order_of_their_names() {
    let app = spawn_app();
    let reply = app.client.get("/api/kinds").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let list = reply.json();
    let kinds = list["value"].as_array().unwrap();
    let names: Vec<_> = kinds.iter().map(|kind| kind["name"].as_str()).collect();
    assert!(names.len() > 10 && names.is_sorted(), "{names:?}");
    let head = app.client.request("HEAD", "/api/kinds");
    let head = app.client.send(head).await;
    assert_eq!((head.status, head.text()), (200, ""));
}

#[tokio::test]
async fn a_kind_is_told_whole() {
    let app = spawn_standard_app_with(|_| ());
    let list = app.client.get("/api/kinds").await.json();
    let kinds = list["value"].as_array().unwrap();
    let names: Vec<_> = kinds.iter().map(|kind| &kind["name"]).collect();
    assert_eq!(names, ["fibonacci", "process-data"]);
    assert_eq!(kinds[1]["inputSchema"]["type"], "object");
    assert_eq!(kinds[1]["outputSchema"]["type"], "string");
    let mut kind = kinds[0].clone();
    let (input, output) = (kind["inputSchema"].take(), kind["outputSchema"].take());
    assert_eq!(input["required"], json!(["number"]));
    assert_eq!(
        input["properties"]["number"]["type"],
        json!(["integer", "string"])
    );
    assert_eq!(output["properties"]["calculation_result"]["type"], "string");
    let end = |status: &str| {
        json!({
            "status": status, "tasks": 0, "attempts": 0, "timed": 0,
            "workSeconds": 0.0, "waitSeconds": 0.0,
        })
    };
    let hour = 3_600.0;
    assert_eq!(
        kind,
        json!({
            "name": "fibonacci",
            "description": "Computes a Fibonacci number, exactly",
            "inputSchema": null,
            "outputSchema": null,
            "policy": {
                "timeLimitSeconds": 420.0,
                "attempts": 5,
                "backOff": { "firstSeconds": 2.0, "factor": 4, "longestSeconds": 600.0 },
                "pure": true,
                "retentionSeconds": hour,
            },
            "seen": {
                "accepted": 0,
                "running": 0,
                "ended": [end("Succeeded"), end("Failed"), end("Canceled")],
            },
        })
    );
}

#[tokio::test]
async fn a_policy_of_its_own_is_told() {
    let app = spawn_app();
    let brief = told(&app, "brief").await;
    assert_eq!(
        brief["policy"],
        json!({
            "timeLimitSeconds": 420.0,
            "attempts": 2,
            "backOff": { "firstSeconds": 1.0, "factor": 1, "longestSeconds": 1.0 },
            "pure": false,
            "retentionSeconds": 60.0,
        })
    );
    assert!(brief.get("description").is_none());
    assert_eq!(told(&app, "slow").await["policy"]["concurrency"], 1);
}

#[tokio::test]
async fn what_the_service_keeps_is_told_where_the_policy_says_nothing() {
    let week = Duration::from_secs(7 * 86_400);
    let app = spawn_app_with(|config| config.retention = week);
    let echo = told(&app, "echo").await;
    assert_eq!(echo["policy"]["retentionSeconds"], week.as_secs_f64());
    assert_eq!(
        told(&app, "brief").await["policy"]["retentionSeconds"],
        60.0
    );
}

#[tokio::test]
async fn what_was_seen_of_a_kind_is_told() {
    let app = spawn_app();
    app.client.run(r#"{"number": 24}"#).await;
    app.client.run(r#"{"number": 25}"#).await;
    app.client.run(r#"{"kind": "hopeless", "input": 0}"#).await;
    app.client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let waits = eventually("the attempt is seen to run", async || {
        let waits = told(&app, "waits").await;
        (waits["seen"]["running"] == 1).then_some(waits)
    })
    .await;
    assert_eq!(waits["seen"]["accepted"], 1);
    let end = |kind: &Value, status: &str| {
        let ended = kind["seen"]["ended"].as_array().unwrap();
        let end = ended.iter().find(|end| end["status"] == status);
        end.unwrap().clone()
    };
    let fibonacci = told(&app, "fibonacci").await;
    let succeeded = end(&fibonacci, "Succeeded");
    for (field, count) in [("tasks", 2), ("attempts", 2), ("timed", 2)] {
        assert_eq!(succeeded[field], count, "{field}");
    }
    assert!(succeeded["workSeconds"].as_f64().unwrap() > 0.0);
    assert_eq!(end(&fibonacci, "Failed")["tasks"], 0);
    assert_eq!(end(&told(&app, "hopeless").await, "Failed")["tasks"], 1);
}

#[tokio::test]
async fn a_query_and_a_key_change_nothing() {
    let app = spawn_app();
    let plain = app.client.get("/api/kinds").await.json();
    for path in [
        "/api/kinds?name=echo",
        "/API/Kinds/",
        "/api/kinds?code=wrong",
    ] {
        assert_eq!(app.client.get(path).await.json(), plain, "{path}");
    }
}
