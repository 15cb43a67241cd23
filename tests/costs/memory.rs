//! What a large result of a kind in Rust takes of memory on its way into the store.

use std::fs;

use async_request_reply::config::{Config, Storage};

use crate::ALONE;
use crate::figures::COPIES_OF_A_RESULT;
use crate::helpers::app::spawn_app_with;
use crate::helpers::azurite::azurite;
use crate::helpers::eventually::eventually;
use crate::helpers::resident::memory;

/// In bytes.
const RESULT: usize = 48_000_000;

/// Lets the most that it had begin with what it has.
fn forget_the_most() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[tokio::test]
async fn a_large_result_is_in_memory_no_more_often_than_it_must_on_the_embedded_store() {
    check(|_| ()).await;
}

#[tokio::test]
async fn a_large_result_is_in_memory_no_more_often_than_it_must_on_azure_storage() {
    check(|config| config.storage = Storage::Azure(azurite().account())).await;
}

async fn check(change: fn(&mut Config)) {
    let _alone = ALONE.lock().await;
    let app = spawn_app_with(|config| {
        config.max_result_bytes = 2 * RESULT;
        change(config);
    });
    let run = async |bytes: usize| {
        let body = format!(r#"{{"kind": "bulk", "input": {{"bytes": {bytes}}}}}"#);
        let id = app.client.accepted(body).await;
        eventually("the task succeeds", async || {
            let monitor = app.client.monitor(&id).await.json();
            (monitor["status"] == "Succeeded").then_some(())
        })
        .await;
    };
    run(1).await;
    forget_the_most();
    let before = memory("self", "VmRSS");
    run(RESULT).await;
    let copies = (memory("self", "VmHWM") - before) as f64 / RESULT as f64;
    assert!(copies <= COPIES_OF_A_RESULT, "{copies} times its size");
}
