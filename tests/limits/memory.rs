//! More bodies at once than there is memory for them.

use serde_json::json;

use super::raw::{Raw, status};
use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::eventually::eventually;

const MIB: usize = 1024 * 1024;

/// More than the buffers of both ends of a connection hold.
const BULK: usize = 24 * MIB;

fn small(memory_budget: usize) -> App {
    spawn_app_with(|config| config.memory_budget = memory_budget)
}

fn post(length: usize) -> String {
    format!("POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
}

#[tokio::test]
async fn bodies_beyond_the_budget_are_told_to_come_back() {
    let app = small(8 * MIB);
    let length = MIB;
    let body = " ".repeat(length - 14) + r#"{"number": 24}"#;
    // Each is held three times over, so that two fit and no more.
    let mut half_sent: Vec<Raw> = (0..4).map(|_| Raw::connect(app.address)).collect();
    for client in &mut half_sent {
        client.send(post(length)).send(&body[..length - 1]);
    }
    // What is small gets in, however full it is.
    app.client.accepted(r#"{"number": 24}"#).await;

    let replies: Vec<String> = half_sent
        .iter_mut()
        .map(|client| client.send("}").reply())
        .collect();

    let refused = replies.iter().filter(|reply| status(reply) == "503");
    for reply in refused.clone() {
        assert!(reply.contains("Retry-After: 5\r\n"), "{reply}");
        assert!(reply.contains("x-ms-error-code: Overloaded\r\n"), "{reply}");
    }
    let refused = refused.count();
    let accepted = replies
        .iter()
        .filter(|reply| status(reply) == "202")
        .count();
    assert!(
        refused >= 2 && accepted >= 1 && refused + accepted == 4,
        "{replies:?}"
    );
    for _ in 0..4 {
        app.client.accepted(body.clone()).await;
    }
}

#[tokio::test]
async fn results_beyond_the_budget_are_neither_sent_nor_consumed() {
    let app = small(BULK + MIB);
    let body = format!(r#"{{"kind": "bulk", "input": {{"bytes": {BULK}}}}}"#);
    let id = app.client.run(&body).await;
    let path = format!("/api/operations/{id}/result");
    let mut reader = Raw::connect(app.address);
    reader.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));

    reader.wait_for_something();
    let refused = app.client.fetch(&id).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.problem().0, "Overloaded");
    assert_eq!(app.client.head(&id).await.status, 503);

    assert_eq!(status(&reader.reply()), "200");
    let reply = eventually("the memory is free again", async || {
        Some(app.client.fetch(&id).await).filter(|reply| reply.status != 503)
    })
    .await;
    assert_eq!(reply.json()["bulk"].as_str().unwrap().len(), BULK);
}

#[tokio::test]
async fn a_reader_that_hangs_up_gives_its_memory_back() {
    let app = small(BULK + MIB);
    let body = format!(r#"{{"kind": "bulk", "input": {{"bytes": {BULK}}}}}"#);
    let id = app.client.run(&body).await;
    for _ in 0..3 {
        let mut reader = Raw::connect(app.address);
        reader.send(format!("GET /api/tasks/{id} HTTP/1.1\r\nHost: x\r\n\r\n"));
        reader.wait_for_something();
    }
    let reply = eventually("the memory is free again", async || {
        Some(app.client.fetch(&id).await).filter(|reply| reply.status != 503)
    })
    .await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_task_whose_result_does_not_fit_is_accepted_all_the_same() {
    let app = small(BULK + MIB);
    let body = format!(r#"{{"kind": "bulk", "input": {{"bytes": {BULK}}}}}"#);
    let id = app.client.run(&body).await;
    let mut reader = Raw::connect(app.address);
    reader.send(format!(
        "GET /api/operations/{id}/result HTTP/1.1\r\nHost: x\r\n\r\n"
    ));
    reader.wait_for_something();

    let mut client = Raw::connect(app.address);
    let length = body.len();
    let reply = client
        .send(format!(
            "POST /api/tasks HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .reply();

    assert_eq!(status(&reply), "202", "{reply}");
    assert!(
        reply.contains("Location: http://x/api/operations/"),
        "{reply}"
    );
    app.client.has_taken(2).await;
}

/// So many submissions in one, each as short as can be.
fn tiny(count: usize) -> String {
    json!(vec![json!({"number": 1, "delay": 60}); count]).to_string()
}

/// Takes so much of a budget, until it is dropped.
async fn holding(app: &App, budget: usize, left: usize) -> Raw {
    let length = (budget - left) / 3;
    let mut client = Raw::connect(app.address);
    client.send(post(length)).send(" ".repeat(length - 1));
    // What is no submission, and would not fit.
    let probe = "x".repeat(left / 3 + 64 * 1024);
    eventually("there is little memory left", async || {
        (app.client.submit(probe.clone()).await.status == 503).then_some(())
    })
    .await;
    client
}

#[tokio::test]
async fn an_array_of_tiny_tasks_takes_the_memory_that_a_thousand_tasks_take() {
    let app = small(8 * MIB);
    let holding = holding(&app, 8 * MIB, 2 * MIB).await;

    // It has 24 KB.
    let reply = app.client.submit(tiny(1_000)).await;

    assert_eq!(
        (reply.status, reply.problem().0.as_str()),
        (503, "Overloaded")
    );
    app.client.has_taken(0).await;
    drop(holding);
    eventually("the memory is free again", async || {
        (app.client.submit(tiny(1_000)).await.status == 202).then_some(())
    })
    .await;
    app.client.has_taken(1_000).await;
}

#[tokio::test]
async fn an_array_whose_reply_does_not_fit_is_not_accepted() {
    // A reply with an address of this length a hundred times.
    let base = format!("https://here/{}", "x".repeat(20_000));
    let app = spawn_app_with(|config| {
        config.memory_budget = 4 * MIB;
        config.public_base_url = Some(base.clone());
    });
    let holding = holding(&app, 4 * MIB, MIB).await;
    let request = || app.client.post_task().body(tiny(100));

    let reply = request().send().await.unwrap();

    assert_eq!(reply.status(), 503);
    app.client.has_taken(0).await;
    drop(holding);
    eventually("the memory is free again", async || {
        (request().send().await.unwrap().status() == 202).then_some(())
    })
    .await;
    app.client.has_taken(100).await;
}

#[tokio::test]
async fn a_task_that_has_ended_is_accepted_again_though_its_view_does_not_fit() {
    let app = small(MIB);
    let body = r#"{"kind": "bulk", "input": {"bytes": 60000}}"#;
    let submit = async || {
        let request = app.client.post_task().header("idempotency-key", "k");
        let request = request.header("prefer", "return=representation");
        app.client.send(request.body(body)).await
    };
    let first = submit().await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    app.client.has_ended(1).await;
    assert_eq!(submit().await.json()["status"], "Succeeded");
    let _holding = holding(&app, MIB, 0).await;

    let again = submit().await;

    assert_eq!(again.status, 202, "{}", again.text());
    assert_eq!(again.json(), json!({"id": id, "kind": "bulk"}));
}

#[tokio::test]
async fn an_instance_whose_end_does_not_fit_has_begun_all_the_same() {
    let app = small(4 * MIB);
    let input = json!({"number": 8, "milliseconds": 3_600_000, "padding": "x".repeat(400_000)});
    let path = "/api/durabletask/orchestrators/flow-approval?timeout=60";
    let start = app.client.keyed("POST", path);
    let start = start.header("content-type", "application/json");
    let ending = async {
        let id = eventually("it has begun", async || {
            let listed = app.client.get_keyed("/api/operations").await.json();
            listed["value"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
        let holding = holding(&app, 4 * MIB, MIB / 8).await;
        let path = format!("/api/operations/{id}:cancel");
        let canceled = app.client.send(app.client.request("POST", &path)).await;
        assert_eq!(canceled.status, 200, "{}", canceled.text());
        holding
    };

    let (reply, _holding) = tokio::join!(app.client.send(start.body(input.to_string())), ending);

    // Its input would be in the reply.
    assert_eq!(reply.status, 202, "{}", reply.text());
    assert!(reply.json()["statusQueryGetUri"].is_string());
}

#[tokio::test]
async fn an_instance_whose_status_does_not_fit_is_canceled_all_the_same() {
    let app = small(2 * MIB);
    let status = "x".repeat(600_000);
    let input = json!({"number": 8, "milliseconds": 3_600_000, "status": status});
    let id = app
        .client
        .accepted(json!({"kind": "flow-approval", "input": input}).to_string())
        .await;
    let path = format!("/api/operations/{id}");
    eventually("it says how it is", async || {
        let told = app.client.get(&path).await.json();
        (told["customStatus"] == status.as_str()).then_some(())
    })
    .await;
    let _holding = holding(&app, 2 * MIB, MIB / 8).await;

    let canceled = app
        .client
        .send(app.client.request("POST", &format!("{path}:cancel")))
        .await;

    assert_eq!(canceled.status, 200, "{}", canceled.text());
    assert_eq!(canceled.json()["status"], "Canceled");
    assert!(canceled.json()["customStatus"].is_null());
    assert_eq!(app.client.get(&path).await.status, 503);
}

#[tokio::test]
async fn a_client_that_waits_holds_no_memory_for_its_body() {
    // Each body is held three times over while it is read, so that one fits.
    let app = small(4 * MIB);
    let padding = " ".repeat(MIB);
    let lasting = format!(r#"{{"kind": "waits", "input": 1}}{padding}"#);
    let mut waiting = Raw::connect(app.address);
    waiting.send(format!(
        "POST /api/tasks HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\nContent-Length: {}\r\n\r\n{lasting}",
        lasting.len()
    ));
    eventually("the client waits", async || {
        let metrics = app.client.get_keyed("/api/metrics").await;
        metrics.text().contains("waiting_clients 1\n").then_some(())
    })
    .await;

    app.client
        .accepted(format!(r#"{{"number": 24}}{padding}"#))
        .await;

    app.kinds.open_gate();
    assert_eq!(status(&waiting.reply()), "200");
}
