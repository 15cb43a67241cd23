//! The corpus of hostile inputs, as bodies, headers, queries and messages of a running service.

use std::fs;
use std::path::Path;

use crate::helpers::app::spawn_app;
use crate::helpers::client::KEY_LINE;
use crate::helpers::raw;

fn inputs() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/corpus/inputs");
    let folders = fs::read_dir(root)
        .unwrap()
        .map(|folder| folder.unwrap().path());
    folders
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|file| {
            let path = file.unwrap().path();
            (path.display().to_string(), fs::read(&path).unwrap())
        })
        .collect()
}

/// A text as a client would put it into a query.
fn encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn the_service_answers_every_hostile_input_and_breaks_off_none() {
    let app = spawn_app();
    for (name, bytes) in inputs() {
        let json = b"Content-Type: application/json";
        let body = raw::send(
            app.address,
            b"POST /api/tasks HTTP/1.1",
            &[b"Host: localhost", json],
            &bytes,
        )
        .await;
        assert!(
            [202, 400, 415, 422].contains(&body.status),
            "{name}: {}",
            body.status
        );

        if bytes.len() < 10_000 {
            let query = format!(
                "GET /api/operations?kind={0}&createdAfter={0} HTTP/1.1",
                encoded(&bytes)
            );
            let headers = [b"Host: localhost", KEY_LINE];
            let reply = raw::send(app.address, query.as_bytes(), &headers, b"").await;
            assert!(
                [200, 400, 414, 422].contains(&reply.status),
                "{name}: {}",
                reply.status
            );
        }
        if bytes.contains(&b'\n') || bytes.contains(&b'\r') {
            continue;
        }
        for header in [
            "Idempotency-Key",
            "Repeatability-Request-ID",
            "Repeatability-First-Sent",
            "Origin",
            "Sec-Fetch-Site",
            "Prefer",
            "If-None-Match",
            "traceparent",
            "Content-Type",
            "x-functions-key",
            "Content-Encoding",
        ] {
            let line = [header.as_bytes(), b": ", &bytes].concat();
            let headers: [&[u8]; 2] = [b"Host: localhost", &line];
            let reply = raw::send(app.address, b"POST /api/tasks HTTP/1.1", &headers, b"{}").await;
            assert!(
                [400, 415, 422, 431].contains(&reply.status),
                "{name} as {header}: {}",
                reply.status
            );
        }
    }
    assert_eq!(app.client.get("/api/health").await.status, 200);
}
