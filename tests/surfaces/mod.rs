//! The routes that clients of other systems know: each row of what these systems answer, replayed wherever the
//! service is deployed, and what was wrong with them, mended.

mod celery;
mod durable;
mod durable_python;
mod enqueue;
mod files;
mod letters;
mod mail;
mod python;
mod sample;
mod smtp;
mod starting;

use std::fs;
use std::path::Path;

use reqwest::RequestBuilder;
use serde_json::Value;
use uuid::Uuid;

use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;

const EVERYWHERE: [Setting; 3] = [Setting::Embedded, Setting::Azurite, Setting::Hosted];

/// A kind that gives its input back, one that fails for good, one that fails for now, and one that lasts, of which
/// one runs at a time.
const KINDS: &str = r#"
[[kind]]
name = "keep"
command = ["cat"]

[[kind]]
name = "hopeless"
command = ["sh", "-c", """echo '@error {"code": "NoHope", "message": "there never was any"}' >&2; exit 65"""]

[[kind]]
name = "flaky"
command = ["sh", "-c", """echo '@error {"code": "NotYet", "message": "not yet"}' >&2; exit 1"""]

[[kind]]
name = "lasting"
concurrency = 1
command = ["sleep", "1000"]
"#;

/// Writes the kinds into a folder; gives the path of their file.
fn write_kinds(folder: &Path) -> String {
    let file = folder.join("kinds.toml");
    fs::write(&file, KINDS).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Does a test on a service of each setting, which knows these kinds.
async fn everywhere(settings: &[(&str, &str)], test: impl AsyncFn(&Client, &Deployment, Setting)) {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (write_kinds(folder.path()), std::env::var("PATH").unwrap());
    let settings = [&[("PATH", &*path), ("KINDS_FILE", &*file)], settings].concat();
    for setting in EVERYWHERE {
        let deployment = Deployment::start(setting, &settings).await;
        test(&deployment.client, &deployment, setting).await;
    }
}

/// What is enqueued, with its type.
fn enqueue(client: &Client, content_type: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    client
        .keyed("POST", "/api/enqueue")
        .header("content-type", content_type)
        .body(body)
}

/// The id of what must be accepted.
async fn enqueued(client: &Client, request: RequestBuilder) -> String {
    let reply = client.send(request).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    let id = body["task_id"].as_str().unwrap();
    assert!(Uuid::try_parse(id).is_ok(), "{id}");
    id.to_owned()
}

async fn status(client: &Client, id: &str) -> Value {
    let reply = client.get(&format!("/api/status/{id}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Waits until a task has this status; gives all that is told of it then.
async fn has_status(client: &Client, id: &str, expected: &str) -> Value {
    eventually(expected, async || {
        Some(status(client, id).await).filter(|told| told["status"] == expected)
    })
    .await
}
