//! The Postman collection: made from the description and a conversation, committed, and run with
//! newman against the service.

mod collection;
mod conversation;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use tokio::process::Command;

use super::committed::is_committed;
use super::{PATHS, installed, operations, served, succeeds};
use crate::helpers::app::{spawn_app, spawn_standard_app_with};
use crate::helpers::client::KEY;
use crate::helpers::handler::Serving;
use conversation::conversation;

#[tokio::test]
async fn the_collection_in_the_repository_is_made_from_the_description() {
    let app = spawn_standard_app_with(|_| ());
    let made = made(&served(&app).await);
    is_committed("postman_collection.json", &made);
}

/// The collection for a service that is described so, as a file has it.
fn made(description: &Value) -> String {
    let made = collection::collection(description, conversation());
    serde_json::to_string_pretty(&made).unwrap() + "\n"
}

#[tokio::test]
async fn the_conversation_uses_every_operation() {
    let app = spawn_app();
    let used: BTreeSet<_> = conversation().map(|step| step.operation).collect();
    for operation in operations(&served(&app).await) {
        let id = operation.value["operationId"].as_str().unwrap();
        assert!(used.contains(id), "{id}");
    }
}

#[tokio::test]
async fn newman_holds_the_whole_conversation() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("FILE_PROCESSING", "true"),
        ("RAW_QUEUE_NAME", "own-messages"),
    ];
    let serving = Serving::start_with(folder.path(), &settings);
    let description = serving.client.get(PATHS[0]).await.json();
    let file = folder.path().join("collection.json");
    fs::write(&file, made(&description)).unwrap();
    let mut command = Command::new("node");
    command
        .arg(installed("node_modules/newman/bin/newman.js"))
        .arg("run")
        .arg(&file)
        .args(["--env-var", &format!("baseUrl={}", serving.client.base())])
        .args(["--env-var", &format!("key={KEY}")])
        .args(["--color", "off", "--timeout", "100000"])
        // Between two looks at a task that has not ended.
        .args(["--delay-request", "20"]);
    succeeds(&mut command).await;
}
