//! More bodies at once than there is memory for them.

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
        (app.kinds.runs() == 1).then_some(())
    })
    .await;

    app.client
        .accepted(format!(r#"{{"number": 24}}{padding}"#))
        .await;

    app.kinds.open_gate();
    assert_eq!(status(&waiting.reply()), "200");
}
