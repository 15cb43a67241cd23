//! A result that is large, and what it takes of memory on its way into the store and out of it.

use std::fs;

use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};
use crate::helpers::eventually::eventually;
use crate::helpers::resident::memory;

/// In bytes.
const RESULT: usize = 48_000_000;

/// The most memory that it may take, in bytes: it is there twice, as the text and as the record that is
/// written, or that was read; and what comes with each of them.
const MOST: usize = RESULT / 2 * 5;

const LARGE: &str = r#"{"kind": "large", "input": 0}"#;

/// Submits, and asks for the monitor until the task has succeeded and the process is done with it: a store
/// shows a record while whoever writes it still waits for the disk.
async fn watched(client: &Client, body: &'static str) -> String {
    let ended = client.tasks_ended().await;
    let id = client.accepted(body).await;
    eventually("the task succeeds", async || {
        let monitor = client.monitor(&id).await.json();
        (monitor["status"] == "Succeeded").then_some(())
    })
    .await;
    eventually("the process is done with it", async || {
        (client.tasks_ended().await > ended).then_some(())
    })
    .await;
    id
}

async fn a_large_result_is_in_memory_twice(setting: Setting) {
    let folder = tempfile::tempdir().unwrap();
    let kinds = folder.path().join("kinds.toml");
    let script = format!(r#"printf '"'; head -c {RESULT} /dev/zero | tr '\0' x; printf '"'"#);
    let kind = format!("[[kind]]\nname = \"large\"\ncommand = [\"sh\", \"-c\", '''{script}''']\n");
    fs::write(&kinds, kind).unwrap();
    let path = std::env::var("PATH").unwrap();
    let settings = [
        ("PATH", &*path),
        ("KINDS_FILE", kinds.to_str().unwrap()),
        ("MAX_RESULT_BYTES", "1000000000"),
    ];
    let deployment = Deployment::start(setting, &settings).await;
    let client = &deployment.client;
    watched(client, r#"{"number": 24}"#).await;
    let process = deployment.process().await;
    let before = memory(process, "VmHWM");
    let held = |what: &str| {
        let held = memory(process, "VmHWM") - before;
        assert!(held <= MOST, "{held} bytes to have it {what}");
    };

    let id = watched(client, LARGE).await;
    held("computed, with clients that ask for its monitor");

    let reply = client.result(&id).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text().len(), RESULT + 2);
    held("read");

    // Storage that is busy may not answer in time.
    let fetched = eventually("the result is fetched", async || {
        let reply = client.fetch(&id).await;
        (reply.status != 503).then_some(reply)
    })
    .await;
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.json()["result"].as_str().unwrap().len(), RESULT);
    held("consumed");

    let waiting = client.post_task().header("prefer", "wait=60");
    let reply = client.send(waiting.body(LARGE)).await;
    assert_eq!(reply.status, 200);
    held("waited for");
}

#[tokio::test]
async fn a_large_result_is_never_in_memory_more_than_two_and_a_half_times() {
    a_large_result_is_in_memory_twice(Setting::Embedded).await;
}

#[tokio::test]
async fn nor_is_it_on_azure_storage() {
    a_large_result_is_in_memory_twice(Setting::Azurite).await;
}
