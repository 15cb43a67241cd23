//! The Postman collection: made from the description and a conversation, committed, and run with
//! newman against the service.

mod collection;
mod conversation;

use std::collections::BTreeSet;
use std::fs;

use ports::Secret;
use tokio::process::Command;

use super::committed::is_committed;
use super::{KEY, installed, operations, served, succeeds};
use crate::helpers::app::{App, spawn_app, spawn_app_with, spawn_standard_app_with};
use crate::helpers::queues;
use conversation::CONVERSATION;

#[tokio::test]
async fn the_collection_in_the_repository_is_made_from_the_description() {
    let app = spawn_standard_app_with(|_| ());
    is_committed("postman_collection.json", &made(&app).await);
}

/// The collection for this service, as a file has it.
async fn made(app: &App) -> String {
    let made = collection::collection(&served(app).await, CONVERSATION);
    serde_json::to_string_pretty(&made).unwrap() + "\n"
}

#[tokio::test]
async fn the_conversation_uses_every_operation() {
    let app = spawn_app();
    let used: BTreeSet<_> = CONVERSATION.iter().map(|step| step.operation).collect();
    for operation in operations(&served(&app).await) {
        let id = operation.value["operationId"].as_str().unwrap();
        assert!(used.contains(id), "{id}");
    }
}

#[tokio::test]
async fn newman_holds_the_whole_conversation() {
    let app = spawn_app_with(|config| {
        config.api_keys = vec![Secret::new(KEY)];
        config.raw_queue = Some(queues::name("own-messages"));
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("collection.json");
    fs::write(&file, made(&app).await).unwrap();
    let mut command = Command::new("node");
    command
        .arg(installed("node_modules/newman/bin/newman.js"))
        .arg("run")
        .arg(&file)
        .args(["--env-var", &format!("baseUrl={}", app.client.base())])
        .args(["--env-var", &format!("key={KEY}")])
        .args(["--color", "off", "--timeout", "100000"])
        // Between two looks at a task that has not ended.
        .args(["--delay-request", "20"]);
    succeeds(&mut command).await;
}
