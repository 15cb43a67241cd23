//! Inputs that no message of a queue holds: the record has them, and the message tells where (a claim check).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::Rig;
use crate::helpers::deployment::{Deployment, Setting};

/// What a message of Azure's queues holds, and so what R1 takes; and what R4 takes.
const MESSAGE: usize = 65_536;
const R4: usize = 262_144;

/// What is taken unless the operator says otherwise.
const BODY: usize = 8 * 1024 * 1024;

/// A submission whose input has so many bytes: a string, with so many of these in it as there is room for.
fn submission(size: usize, of: &str) -> String {
    format!(r#"{{"kind": "length", "input": {}}}"#, string(size, of))
}

/// A JSON string of so many bytes.
fn string(size: usize, of: &str) -> String {
    let room = size - 2;
    format!(
        "\"{}{}\"",
        of.repeat(room / of.len()),
        "x".repeat(room % of.len())
    )
}

async fn an_input_may_be_large(setting: Setting) {
    let rig = Rig::start(setting).await;
    let around = |size| [size - 1, size, size + 1];
    // The largest input that a message brings along, and what a queue takes.
    let sizes = around(49_152).into_iter().chain(around(MESSAGE));
    for size in sizes.chain([R4, R4 + 1, 8_000_000]) {
        let id = rig.client().accepted(submission(size, "x")).await;
        assert_eq!(rig.succeeded(&id).await["result"], json!(size), "{size}");
    }
    let rest = submission(2, "x").len() - 2;
    let id = rig.client().accepted(submission(BODY - rest, "x")).await;
    assert_eq!(rig.succeeded(&id).await["result"], json!(BODY - rest));
    let reply = rig.client().submit(submission(BODY - rest + 1, "x")).await;
    assert_eq!((reply.status, &*reply.problem().0), (413, "BodyTooLarge"));
}

async fn an_array_may_hold_what_no_message_does(setting: Setting) {
    let rig = Rig::start(setting).await;
    // What takes more room in a message, or has none there; what it is made of is the client's to the letter.
    let texts = ["\\u0000", "\\\"", "<&>", "\u{FFFF}", "ß", "\\ud83d\\ude00"];
    let sizes = [24_000, 49_000, MESSAGE, 2 * R4];
    let each = || texts.iter().flat_map(|of| sizes.map(|size| (size, of)));
    let bodies: Vec<_> = each().map(|(size, of)| submission(size, of)).collect();
    let reply = rig.client().submit(format!("[{}]", bodies.join(","))).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    for ((size, of), task) in each().zip(reply.json()["tasks"].as_array().unwrap()) {
        let monitor = rig.succeeded(task["id"].as_str().unwrap()).await;
        assert_eq!(monitor["result"], json!(size), "{size} of {of}");
    }
    let too_large = format!("[{}]", submission(BODY, "x"));
    let reply = rig.client().submit(too_large).await;
    assert_eq!((reply.status, &*reply.problem().0), (413, "BodyTooLarge"));
}

/// What the other ways in make of a body: the size of the input, as JSON.
async fn large_bodies_come_in_by_every_way(setting: Setting) {
    let kinds = ["ENQUEUE_KIND", "ENQUEUE_TEXT_KIND", "ACCEPTOR_KIND"];
    let rig = Rig::start_with(setting, &kinds.map(|name| (name, "length"))).await;
    let text_is = |text: String| text.len() + r#"{"text":,"contentType":"text/plain"}"#.len();
    let bytes_are = |bytes: &[u8]| {
        let base64 = BASE64_STANDARD.encode(bytes);
        r#"{"base64":"","contentType":"application/octet-stream"}"#.len() + base64.len()
    };
    let object = |size| format!(r#"{{"data":{}}}"#, string(size - r#"{"data":}"#.len(), "x"));
    let customer = |size| {
        let rest = r#"{"id":"1","customername":}"#.len();
        format!(
            r#"{{"id":"1","customername":{}}}"#,
            string(size - rest, "x")
        )
    };
    for size in [R4 - 1, R4, R4 + 1, BODY] {
        let ways = [
            ("/api/enqueue", "application/json", object(size), size),
            (
                "/api/asyncprocessingworkacceptor",
                "application/json",
                customer(size),
                size,
            ),
            (
                "/api/enqueue",
                "text/plain",
                "\0".repeat(size / 8),
                text_is(string(size / 8 * 6 + 2, "x")),
            ),
            (
                "/api/enqueue",
                "application/octet-stream",
                "x\0".repeat(size / 2),
                bytes_are("x\0".repeat(size / 2).as_bytes()),
            ),
        ];
        for (path, content_type, body, input) in ways {
            let request = rig.client().keyed("POST", path);
            let request = request.header("content-type", content_type).body(body);
            let reply = rig.client().send(request).await;
            assert!(
                [200, 202].contains(&reply.status),
                "{path}: {}",
                reply.text()
            );
            let id = match reply.header("operation-location") {
                Some(monitor) => monitor.rsplit('/').next().unwrap().to_owned(),
                None => reply.json()["task_id"].as_str().unwrap().to_owned(),
            };
            let result = &rig.succeeded(&id).await["result"];
            assert_eq!(result, &json!(input), "{size} by {content_type} to {path}");
        }
    }
    for (path, body) in [
        ("/api/enqueue", object(BODY + 1)),
        ("/api/asyncprocessingworkacceptor", customer(BODY + 1)),
    ] {
        let request = rig.client().keyed("POST", path);
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let reply = rig.client().send(request).await;
        assert_eq!((reply.status, &*reply.problem().0), (413, "BodyTooLarge"));
    }
}

#[tokio::test]
async fn an_instance_may_have_a_large_input() {
    let program = env!("CARGO_BIN_EXE_workflows");
    let deployment = Deployment::start_as(program, Setting::Embedded, &[]).await;
    let client = &deployment.client;
    for (size, status) in [(BODY, 202), (BODY + 1, 413)] {
        let request = client.request("POST", "/api/orchestrators/sub");
        let request = request.header("content-type", "application/json");
        let reply = client.send(request.body(string(size, "x"))).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        if status == 202 {
            let id = reply.json()["id"].as_str().unwrap().to_owned();
            assert_eq!(client.ended(&id).await.text(), "3");
        }
    }
}

#[tokio::test]
async fn the_operator_says_how_large_a_body_may_be() {
    for limit in [1_000, 3 * BODY] {
        let settings = [("MAX_BODY_BYTES", &*limit.to_string())];
        let rig = Rig::start_with(Setting::Embedded, &settings).await;
        let rest = submission(2, "x").len() - 2;
        let id = rig.client().accepted(submission(limit - rest, "x")).await;
        assert_eq!(rig.succeeded(&id).await["result"], json!(limit - rest));
        let reply = rig.client().submit(submission(limit - rest + 1, "x")).await;
        assert_eq!((reply.status, &*reply.problem().0), (413, "BodyTooLarge"));
    }
}

#[tokio::test]
async fn an_input_may_be_large_on_the_embedded_store() {
    an_input_may_be_large(Setting::Embedded).await;
}

#[tokio::test]
async fn an_input_may_be_large_on_azure_storage() {
    an_input_may_be_large(Setting::Azurite).await;
}

#[tokio::test]
async fn an_input_may_be_large_under_the_functions_host() {
    an_input_may_be_large(Setting::Hosted).await;
}

#[tokio::test]
async fn an_array_may_hold_what_no_message_does_on_the_embedded_store() {
    an_array_may_hold_what_no_message_does(Setting::Embedded).await;
}

#[tokio::test]
async fn an_array_may_hold_what_no_message_does_on_azure_storage() {
    an_array_may_hold_what_no_message_does(Setting::Azurite).await;
}

#[tokio::test]
async fn an_array_may_hold_what_no_message_does_under_the_functions_host() {
    an_array_may_hold_what_no_message_does(Setting::Hosted).await;
}

#[tokio::test]
async fn large_bodies_come_in_by_every_way_on_the_embedded_store() {
    large_bodies_come_in_by_every_way(Setting::Embedded).await;
}

#[tokio::test]
async fn large_bodies_come_in_by_every_way_on_azure_storage() {
    large_bodies_come_in_by_every_way(Setting::Azurite).await;
}

#[tokio::test]
async fn large_bodies_come_in_by_every_way_under_the_functions_host() {
    large_bodies_come_in_by_every_way(Setting::Hosted).await;
}
