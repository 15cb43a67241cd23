//! Storage that stalls under more submissions than may wait for it.

use std::time::Duration;

use async_request_reply::config::{Config, Storage};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rusqlite::Connection;

use crate::helpers::app::{App, spawn_app_with};
use crate::helpers::azurite::Azurite;

/// Submits so many tasks at once to storage that does not get anywhere between `stall` and `resume`,
/// which is called when the first one is refused. Checks that each is accepted or told to come back, and that
/// what was accepted is done.
async fn overload(app: &App, tasks: usize, stall: impl FnOnce(), resume: impl FnOnce()) {
    // The container and the queues are there.
    let mut accepted = vec![app.client.run(r#"{"number": 24}"#).await];
    stall();
    let mut submissions: FuturesUnordered<_> = (0..tasks)
        .map(|number| app.client.submit(format!(r#"{{"number": {number}}}"#)))
        .collect();
    let mut resume = Some(resume);
    let mut refused = 0;
    while let Some(reply) = submissions.next().await {
        if reply.status == 202 {
            accepted.push(reply.json()["id"].as_str().unwrap().to_owned());
            continue;
        }
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_eq!(reply.header("retry-after"), Some("5"));
        refused += 1;
        if let Some(resume) = resume.take() {
            resume();
        }
    }
    assert!(refused > 0 && resume.is_none());
    // It recovers at once.
    accepted.push(app.client.accepted(r#"{"number": 24}"#).await);
    for id in &accepted {
        assert_eq!(app.client.ended(id).await.status, 200);
    }
    app.client.has_taken(accepted.len() as u64).await;
}

#[tokio::test]
async fn a_file_that_is_locked_refuses_what_cannot_wait() {
    let mut data_dir = None;
    let app = spawn_app_with(|config| {
        if let Storage::Embedded(folder) = &config.storage {
            data_dir = Some(folder.clone());
        }
    });
    let stranger = Connection::open(data_dir.unwrap().join("tasks.db")).unwrap();
    stranger.busy_timeout(Duration::from_secs(60)).unwrap();
    let execute = |statement| stranger.execute_batch(statement).unwrap();

    // As many as share a commit and wait for the next one, and half as many more.
    overload(
        &app,
        768,
        || execute("BEGIN IMMEDIATE"),
        || execute("COMMIT"),
    )
    .await;
}

#[tokio::test]
async fn an_account_that_stalls_refuses_what_cannot_wait() {
    let storage = Azurite::start();
    let account = storage.account();
    let app = spawn_app_with(|config: &mut Config| config.storage = Storage::Azure(account));

    overload(&app, 384, || storage.pause(), || storage.resume()).await;
}
