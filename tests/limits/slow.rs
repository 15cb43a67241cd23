//! Clients that take their time with a request: each step has its limit.

use std::time::{Duration, Instant};

use async_request_reply::config::Config;

use super::raw::{Raw, status};
use crate::helpers::app::{App, spawn_app_with};

const SHORT: Duration = Duration::from_millis(500);

/// A service in which only this is short, and all else lasts longer than a test may.
fn impatient(change: impl FnOnce(&mut Config)) -> App {
    spawn_app_with(|config| {
        let patience = &mut config.patience;
        let long = Duration::from_secs(3600);
        (patience.head, patience.body) = (long, long);
        (patience.keep_alive, patience.idle) = (long, long);
        change(config);
    })
}

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

const POST: &str = "POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

#[tokio::test]
async fn a_head_that_does_not_come_is_answered_and_closed() {
    let app = impatient(|config| config.patience.head = SHORT);
    for head in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\nA: "] {
        let mut client = Raw::connect(app.address);
        client.send(head);
        assert_eq!(status(&client.until_closed()), "408", "{head}");
    }
}

#[tokio::test]
async fn a_second_head_that_does_not_come_is_closed() {
    let app = impatient(|config| config.patience.idle = SHORT);
    for head in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\nA: "] {
        let mut client = Raw::connect(app.address);
        assert_eq!(status(&client.send(REQUEST).reply()), "200");
        client.send(head);
        assert_eq!(client.until_closed(), "", "{head}");
    }
}

#[tokio::test]
async fn a_drop_now_and_then_keeps_no_connection_open() {
    let app = impatient(|config| config.patience.idle = SHORT);
    let begun = Instant::now();
    let mut client = Raw::connect(app.address);
    assert_eq!(status(&client.send(REQUEST).reply()), "200");
    client.send("GET / HTTP/1.1\r\nA: ");
    while client.is_open() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        client.send("b");
        tokio::time::sleep(SHORT / 10).await;
    }
    assert!(begun.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_connection_in_use_is_not_idle() {
    // Long enough that a busy machine does not look idle.
    let idle = Duration::from_secs(3);
    let app = impatient(|config| config.patience.idle = idle);
    let mut client = Raw::connect(app.address);
    for _ in 0..6 {
        assert_eq!(status(&client.send(REQUEST).reply()), "200");
        tokio::time::sleep(idle / 5).await;
    }
    let id = app
        .client
        .accepted(r#"{"kind": "waits", "input": 0}"#)
        .await;
    let wait = format!("GET /api/tasks/{id} HTTP/1.1\r\nHost: x\r\nPrefer: wait=4\r\n\r\n");
    assert_eq!(status(&client.send(wait).reply()), "404");
    assert_eq!(status(&client.send(REQUEST).reply()), "200");
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_answered_and_closed() {
    let app = impatient(|config| config.patience.body = SHORT);
    let mut client = Raw::connect(app.address);
    client.send(format!("{POST}Content-Length: 100\r\n\r\n{{\"number\""));
    let reply = client.until_closed();
    assert_eq!(status(&reply), "408");
    assert!(reply.contains("x-ms-error-code: BodyTimeout"), "{reply}");
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn a_chunked_body_that_stops_half_way_is_answered_and_closed() {
    let app = impatient(|config| {
        config.patience.body = SHORT;
        config.patience.idle = SHORT;
    });
    let mut client = Raw::connect(app.address);
    client.send(format!(
        "{POST}Transfer-Encoding: chunked\r\n\r\n3\r\n{{\"n"
    ));
    assert_eq!(status(&client.until_closed()), "408");
    app.client.has_taken(0).await;
}

#[tokio::test]
async fn clients_that_hang_up_in_the_middle_leave_nothing() {
    let app = impatient(|_| ());
    let whole = format!("{POST}Content-Length: 14\r\n\r\n{{\"number\": 24}}");
    for length in 0..whole.len() {
        Raw::connect(app.address).send(&whole[..length]);
    }
    app.client.has_taken(0).await;
    app.client.run(r#"{"number": 24}"#).await;
    app.client.has_taken(1).await;
}
