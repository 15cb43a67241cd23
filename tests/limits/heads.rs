//! Heads of requests that are too large: refused, and nothing of them is kept.

use super::raw::{Raw, status};
use crate::helpers::app::spawn_app;

/// actix-http's limit for a head.
const LARGEST: usize = 128 * 1024;

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let app = spawn_app();
    let long = "x".repeat(LARGEST);
    let many = |count: usize| "A: b\r\n".repeat(count);
    for head in [
        format!("GET /{long} HTTP/1.1\r\n"),
        format!("GET /?{long} HTTP/1.1\r\n"),
        format!("GET / HTTP/1.1\r\nA: {long}\r\n"),
        format!("GET / HTTP/1.1\r\n{}", many(97)),
        format!("GET / HTTP/1.1\r\n{}", many(LARGEST)),
        long.clone(),
    ] {
        let mut client = Raw::connect(app.address);
        let reply = client.send(head).send("\r\n").until_closed();
        // What the client still sends may undo the answer on its way.
        assert!(reply.is_empty() || status(&reply) == "431", "{reply}");
    }
    app.client.has_taken(0).await;
}
