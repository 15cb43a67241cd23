//! The embedded store while another process has its file locked: what clients are told, and what is there
//! afterwards.

use std::path::Path;
use std::time::Duration;

use async_request_reply::config::Storage;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::eventually::eventually;

fn start(budget: Duration) -> (App, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let app = spawn_app_with(|config| {
        config.storage = Storage::Embedded(path);
        config.request_budget = budget;
    });
    (app, folder)
}

/// Takes the lock under which alone anybody writes.
async fn lock(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("tasks.db")).unwrap();
    eventually("nobody writes", async || {
        connection.execute_batch("BEGIN IMMEDIATE").ok()
    })
    .await;
    connection
}

const BODY: &str = r#"{"number": 24}"#;

#[tokio::test]
async fn a_lock_that_outlasts_sqlites_patience_is_a_refusal() {
    let (app, folder) = start(Duration::from_secs(60));
    let lock = lock(folder.path()).await;
    let reply = app.client.submit(BODY).await;
    drop(lock);
    let (code, _, message) = reply.problem();
    assert_eq!((reply.status, &*code), (503, "StorageUnavailable"));
    assert!(message.ends_with("nothing was changed"), "{message}");
    let listed = app.client.get_keyed("/api/operations").await;
    assert_eq!(listed.json()["value"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_lock_that_outlasts_the_budget_leaves_the_outcome_unknown() {
    let (app, folder) = start(Duration::from_secs(2));
    let lock = lock(folder.path()).await;
    let reply = app.client.submit(BODY).await;
    assert_eq!((reply.status, &*reply.problem().0), (503, "OutcomeUnknown"));
    let id = reply.header("operation-id").unwrap();
    assert_eq!(app.client.monitor(id).await.status, 404);
    drop(lock);
    eventually("the task is there, and ends", async || {
        (app.client.result(id).await.status == 200).then_some(())
    })
    .await;
}
