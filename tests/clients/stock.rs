//! Other people's software with the defaults it comes with, or asked for all it can do.

use ports::Secret;
use serde_json::Value;

use super::programs;
use crate::helpers::app::{spawn_app, spawn_app_with};
use crate::helpers::eventually::eventually;
use crate::helpers::nginx::Nginx;
use crate::limits::raw::{Raw, status};

#[tokio::test]
async fn the_client_of_the_jdk_gets_a_reply_to_every_request() {
    let app = spawn_app();
    let ended = programs::run("Submissions.java", &[app.client.base()], |_| ()).await;
    assert!(ended.succeeded, "{}", ended.stderr);
    assert!(ended.stdout.starts_with("200 "), "{}", ended.stdout);
    assert!(
        ended.stdout.contains(r#""number":300,"#),
        "{}",
        ended.stdout
    );
    app.client.has_taken(300).await;
}

#[tokio::test]
async fn undici_that_sends_ahead_gets_each_reply_to_its_own_request() {
    let app = spawn_app();
    let ended = programs::run("pipelining.mjs", &[app.client.base()], |_| ()).await;
    assert!(ended.succeeded, "{}", ended.stderr);
    assert_eq!(ended.stdout, "100 tasks, 1 connections\n");
    app.client.has_taken(200).await;
}

/// A client that knows the service only through nginx, and gives a length only to what has one.
struct Behind(Nginx);

impl Behind {
    /// Sends a request that must be answered with this status, and gives the body of the reply.
    fn send(&self, method: &str, path: &str, body: &str, expected: &str) -> String {
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let reply = Raw::connect(self.0.address)
            .send(format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-functions-key: {KEY}\r\n\
                 Content-Type: application/json\r\n{length}\r\n{body}"
            ))
            .until_closed();
        assert_eq!(status(&reply), expected, "{method} {path}: {reply}");
        reply.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn submit(&self, body: &str) -> String {
        let accepted = self.send("POST", "/api/tasks", body, "202");
        let accepted: Value = serde_json::from_str(&accepted).unwrap();
        accepted["id"].as_str().unwrap().to_owned()
    }

    /// Returns when a task's monitor says so.
    async fn is(&self, id: &str, status: &str) {
        eventually(status, async || {
            let monitor = self.send("GET", &format!("/api/operations/{id}"), "", "200");
            let monitor: Value = serde_json::from_str(&monitor).unwrap();
            (monitor["status"] == status).then_some(())
        })
        .await;
    }

    /// Does all there is to do with tasks.
    async fn has_a_whole_conversation(&self) {
        let id = self.submit(r#"{"number": 24}"#);
        self.is(&id, "Succeeded").await;
        let path = format!("/api/tasks/{id}");
        assert_eq!(self.send("HEAD", &path, "", "200"), "");
        let result = self.send("GET", &path, "", "200");
        assert!(result.contains("46368"), "{result}");
        self.send("GET", &path, "", "404");

        let id = self.submit(r#"{"kind": "waits", "input": 0}"#);
        self.send("POST", &format!("/api/operations/{id}:cancel"), "", "200");
        self.is(&id, "Canceled").await;

        let id = self.submit(r#"{"kind": "hopeless", "input": 0}"#);
        let monitor = format!("/api/operations/{id}");
        self.is(&id, "Failed").await;
        self.send("POST", &format!("{monitor}:retry"), "", "202");
        self.is(&id, "Failed").await;
        self.send("DELETE", &monitor, "", "204");
        self.send("GET", &monitor, "", "404");
    }
}

const KEY: &str = "a key of sixteen";

#[tokio::test]
async fn a_stock_nginx_passes_on_whole_conversations() {
    for lines in [
        // HTTP/1.0, a connection for each request.
        "",
        // As many a site has it for WebSockets, and for all else.
        r#"proxy_set_header Connection "upgrade"; proxy_set_header Upgrade $http_upgrade;"#,
        r#"proxy_http_version 1.1; proxy_set_header Connection "upgrade"; proxy_set_header Upgrade $http_upgrade;"#,
        r#"proxy_http_version 1.1; proxy_set_header Connection "";"#,
    ] {
        let app = spawn_app_with(|config| config.api_keys = vec![Secret::new(KEY)]);
        let client = Behind(Nginx::before(app.address, lines).await);
        client.has_a_whole_conversation().await;
    }
}
