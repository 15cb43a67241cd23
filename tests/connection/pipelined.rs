//! Clients that send the next request before they have the reply to this one (RFC 9112, section 9.3.2).

use serde_json::Value;

use super::{Raw, body, header, request, submission};
use crate::helpers::app::{App, spawn_app};
use crate::helpers::eventually::eventually;
use crate::limits::raw::status;

fn fetch(id: &str) -> String {
    request("GET", &format!("/api/tasks/{id}"))
}

/// Has a client wait for the result of a task that ends when the gate opens; gives the task's id.
async fn wait_on(app: &App, client: &mut Raw) -> String {
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    client.send(format!(
        "GET /api/tasks/{id} HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n"
    ));
    waiting(app, 1).await;
    id
}

/// Returns when so many clients wait.
async fn waiting(app: &App, clients: usize) {
    eventually("clients wait", async || {
        let metrics = app.client.get_keyed("/api/metrics").await;
        let gauge = format!("waiting_clients {clients}\n");
        metrics.text().contains(&gauge).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_reply_has_its_body_whatever_is_asked_next() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    let mut client = Raw::connect(app.address);
    client.send(fetch(&id) + &request("HEAD", "/api/health"));
    let reply = client.reply();
    assert_eq!(status(&reply), "200");
    assert!(body(&reply).contains("46368"), "{reply}");
    assert_eq!(status(&client.head()), "200");
    assert_eq!(status(&client.send(fetch(&id)).reply()), "404");
}

#[tokio::test]
async fn a_reply_that_is_waited_for_has_its_body_whatever_is_asked_meanwhile() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    wait_on(&app, &mut client).await;
    client.send(request("HEAD", "/api/health"));
    // There is nothing that shows when the service has got that, if it does not answer.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    app.kinds.open_gate();
    let reply = client.reply();
    assert_eq!(status(&reply), "200");
    assert!(body(&reply).contains("waited"), "{reply}");
    assert_eq!(status(&client.head()), "200");
    assert!(client.is_open());
}

#[tokio::test]
async fn a_reply_is_of_the_version_of_its_own_request() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    wait_on(&app, &mut client).await;
    client.send("GET / HTTP/1.0\r\n\r\n");
    app.kinds.open_gate();
    let replies = client.until_closed();
    let (first, second) = replies.split_once("HTTP/1.0 200 OK\r\n").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 OK\r\n"), "{first}");
    assert_eq!(header(first, "Connection"), None);
    assert!(!second.contains("HTTP/"), "{second}");
}

#[tokio::test]
async fn nothing_is_done_after_a_request_that_is_the_last() {
    let app = spawn_app();
    let id = app.client.run(r#"{"number": 24}"#).await;
    for last in [
        "GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /api/health HTTP/1.0\r\n\r\n",
    ] {
        let mut client = Raw::connect(app.address);
        client.send(format!("{last}{}{}", fetch(&id), submission("")));
        let replies = client.until_closed();
        assert_eq!(replies.matches("HTTP/1.").count(), 1, "{replies}");
    }
    assert_eq!(app.client.fetch(&id).await.status, 200);
    app.client.has_taken(1).await;
}

#[tokio::test]
async fn what_waits_behind_a_client_that_hangs_up_is_not_done() {
    let app = spawn_app();
    let ended = app.client.run(r#"{"number": 24}"#).await;
    let mut client = Raw::connect(app.address);
    wait_on(&app, &mut client).await;
    client.send(fetch(&ended) + &submission(""));
    drop(client);
    // The place of the waiter is free as soon as it has hung up, whatever is behind its request.
    waiting(&app, 0).await;
    app.kinds.open_gate();
    assert_eq!(app.client.fetch(&ended).await.status, 200);
    app.client.has_taken(2).await;
}

#[tokio::test]
async fn each_of_many_gets_its_own_reply() {
    let app = spawn_app();
    let mut client = Raw::connect(app.address);
    // Far more than is held back, so that much waits in the system.
    let padding = "x".repeat(2_000);
    let post = |number: usize| {
        let body = format!(
            r#"{{"kind": "echo", "input": {{"padding": "{padding}", "number": {number}}}}}"#
        );
        format!(
            "POST /api/tasks HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\nConnection: Upgrade\r\n\
             Content-Length: {}\r\n\r\n{body}{}{}",
            body.len(),
            request("HEAD", "/api/health"),
            request("GET", &format!("/api/nothing/{number}")),
        )
    };
    client.send((0..50).map(post).collect::<String>());
    for number in 0..50 {
        let reply = client.reply();
        assert_eq!(status(&reply), "200", "{reply}");
        let result: Value = serde_json::from_str(body(&reply)).unwrap();
        assert_eq!(result["number"], number, "{reply}");
        assert_eq!(status(&client.head()), "200");
        let reply = client.reply();
        assert_eq!(status(&reply), "404");
        assert!(
            body(&reply).contains(&format!("/api/nothing/{number}\"")),
            "{reply}"
        );
    }
    assert!(client.is_open());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_after_the_replies_before_it() {
    let app = spawn_app();
    for broken in [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let mut client = Raw::connect(app.address);
        client.send(request("GET", "/") + broken + &fetch("nothing"));
        assert_eq!(status(&client.reply()), "200", "{broken}");
        let refused = client.until_closed();
        assert_eq!(status(&refused), "400", "{broken}");
        assert_eq!(refused.matches("HTTP/1.").count(), 1, "{refused}");
    }
}
