//! What clients and others send can neither forge a line of the log nor find its secrets there.

use std::net::SocketAddr;
use std::time::Duration;

use backends::azure::Account;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::helpers::azurite::{KEY, azurite};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::queues::{AzureStorage, length};
use crate::helpers::raw;

/// Everything on, also of the crates whose own lines are off unless asked for; but for two that
/// speak before the first line of ours.
const ALL: &str = "trace,azure_core=trace,typespec_client_core=trace,mio=off,actix_server=off";

/// A line break, a line of a log, a terminal's escape sequence, and marks that turn the direction.
const INJECTION: &str = "a\r\n2026-01-01T00:00:00.000Z ERROR forged\u{1b}[31m\u{202e}\u{85}\u{7f}";

/// What must not be found in a log.
const PAYLOAD: &str = "marker-payload";
/// Nor this, as a word: ids and times may have the digits by chance.
const NUMBER: &str = "1234567";
const API_KEY: &str = "marker-api-key";
const IDEMPOTENCY_KEY: &str = "marker-idempotency-key";

fn address(serving: &Serving) -> SocketAddr {
    let base = serving.client.base();
    base.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Sends a client's injections: in the path, the method, headers and the body.
async fn inject(serving: &Serving) {
    let address = address(serving);
    let encoded = "a%0d%0aforged%1b%5b31m%e2%80%ae%00";
    for path in ["/api/tasks/", "/api/operations/", "/api/docs/", "/"] {
        for method in ["GET", "DELETE", "POST", "FORGED-METHOD"] {
            let line = format!("{method} {path}{encoded} HTTP/1.1");
            raw::send(address, line.as_bytes(), &[b"Host: x"], b"").await;
        }
    }
    for line in [
        &b"GET /api/tasks/\x1b[31m HTTP/1.1"[..],
        b"G\x1bT / HTTP/1.1",
        b"GET /\xe2\x80\xae HTTP/1.1",
        b"GET / HTTP/1.1\r\nforged\x1b[31m",
    ] {
        raw::send(address, line, &[b"Host: x"], b"").await;
    }
    let headers: [&[u8]; 6] = [
        b"Host: \xe2\x80\xae\x85",
        b"traceparent: 00-\x80-x-01",
        b"x-azure-functions-invocationid: a b=c \xe2\x80\xae",
        b"x-forwarded-host: \x80",
        b"Idempotency-Key: \"\x80\"",
        b"Content-Type: application/json",
    ];
    let body = json!({"kind": INJECTION, "input": INJECTION}).to_string();
    raw::send(
        address,
        b"POST /api/tasks HTTP/1.1",
        &headers,
        body.as_bytes(),
    )
    .await;
    let fields = format!("{{\"number\": 1, {}: 2}}", json!(INJECTION));
    raw::send(
        address,
        b"POST /api/tasks HTTP/1.1",
        &[headers[5]],
        fields.as_bytes(),
    )
    .await;
}

/// Sends what somebody could who may write to the queue.
async fn forge(account: &Account, name: &str) {
    let azure = AzureStorage::new(account, name);
    let id = || Uuid::now_v7().to_string();
    for message in [
        json!({"id": id(), "kind": INJECTION, "input": 1}),
        json!({"id": id(), "number": 24, "traceparent": format!("00-{INJECTION}-x-01")}),
        json!({"id": id(), "number": INJECTION, "etag": INJECTION}),
        json!({"id": INJECTION, "number": 1}),
        json!({INJECTION: 1}),
    ] {
        azure
            .queue()
            .send(&message.to_string(), Duration::ZERO)
            .await
            .unwrap();
    }
    eventually("the forged messages are settled", async || {
        (length(&*azure.queue()).await == 0).then_some(())
    })
    .await;
}

/// A process that logs all, on Azurite with this credential, under all that can be injected.
async fn log_of(format: &str, storage: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("log-{}", Uuid::now_v7());
    let serving = Serving::start_with(
        folder.path(),
        &[
            ("RUST_LOG", ALL),
            ("LOG_FORMAT", format),
            ("API_KEY", API_KEY),
            ("AzureWebJobsStorage", storage),
            ("queue_name", &name),
            ("BLOB_CONTAINER_NAME", &name),
        ],
    );
    let client = &serving.client;
    eventually("the service is healthy", async || {
        (client.get("/api/health").await.status == 200).then_some(())
    })
    .await;
    inject(&serving).await;
    forge(&azurite().account(), &name).await;

    let request = client
        .post_task()
        .body(format!(r#"{{"number":{NUMBER},"x":"{PAYLOAD}"}}"#));
    let request = request.header("idempotency-key", format!("\"{IDEMPOTENCY_KEY}\""));
    let reply = client
        .send(request.header("x-functions-key", API_KEY))
        .await;
    let id = reply.header("operation-id").unwrap().to_owned();
    client.ended(&id).await;
    client.fetch(&id).await;
    let keyed = format!("/api/operations?code={API_KEY}");
    assert_eq!(client.get(&keyed).await.status, 200);
    let first_line = serving.first_line.clone();
    first_line + "\n" + &serving.stop("TERM").await.stdout
}

fn assert_unforged(log: &str) {
    for line in log.lines() {
        let odd = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!line.contains(odd), "{line:?}");
    }
    assert!(
        log.contains("message refused"),
        "nothing was forged:\n{log}"
    );
}

fn assert_no_secrets(log: &str, more: &[&str]) {
    for secret in [
        PAYLOAD,
        API_KEY,
        IDEMPOTENCY_KEY,
        KEY,
        "SharedKey",
        "AccountKey",
    ]
    .iter()
    .chain(more)
    {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    let mut words = log
        .lines()
        .map(|line| (line, line.split(|c: char| !c.is_ascii_alphanumeric())));
    let line = words.find_map(|(line, mut words)| words.any(|word| word == NUMBER).then_some(line));
    assert_eq!(line, None, "{NUMBER} is in the log");
}

#[tokio::test]
async fn a_log_for_people_has_a_line_for_each_event_and_no_secret() {
    let log = log_of("text", &azurite().connection_string()).await;
    assert_unforged(&log);
    for line in log.lines() {
        let mut words = line.split_ascii_whitespace();
        let (time, level) = (words.next().unwrap(), words.next().unwrap());
        assert!(time.ends_with('Z') && time.len() == 24, "{line}");
        assert!(
            ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level),
            "{line}"
        );
        assert!(!line.starts_with("2026-01-01"), "{line}");
    }
    assert_no_secrets(&log, &[]);
}

#[tokio::test]
async fn a_log_for_machines_has_an_object_for_each_event_and_no_secret() {
    let sas = azurite().sas("rwdlacup");
    let signature = sas.rsplit_once("sig=").unwrap().1;
    let log = log_of("json", &sas).await;
    assert_unforged(&log);
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).expect(line);
        assert!(
            event["time"].is_string() && event["level"].is_string(),
            "{line}"
        );
    }
    let decoded = signature
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=");
    assert_no_secrets(&log, &[signature, &decoded]);
}
