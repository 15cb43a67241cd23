//! A backup is a copy of one file, and what is in it goes on where it is put.

use std::fs;
use std::path::Path;
use std::process::Command;

use tokio_util::sync::CancellationToken;

use crate::helpers::client::Client;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;

/// The documented command.
fn back_up(folder: &Path) {
    let output = Command::new("sqlite3")
        .args(["data/tasks.db", "VACUUM INTO 'backup.db'"])
        .current_dir(folder)
        .output()
        .expect("sqlite3 is not installed; run: apt-get install sqlite3");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// Submits one task after the other until told to stop, and gives the ids. Each must be accepted.
async fn submit_until(client: Client, stop: CancellationToken) -> Vec<String> {
    let mut ids = Vec::new();
    while !stop.is_cancelled() {
        ids.push(client.accepted(r#"{"number": 24}"#).await);
    }
    ids
}

/// Whether all of these tasks are there and end well.
async fn assert_all_end(client: &Client, ids: &[String]) {
    for id in ids {
        let result = client.ended(id).await;
        assert_eq!(result.status, 200, "{id}");
        assert_eq!(result.json()["calculation_result"], "46368");
    }
}

#[tokio::test]
async fn a_backup_under_load_holds_all_that_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    let mut before = Vec::new();
    for _ in 0..50 {
        before.push(serving.client.accepted(r#"{"number": 24}"#).await);
    }
    let stop = CancellationToken::new();
    let loads: Vec<_> = (0..4)
        .map(|_| tokio::spawn(submit_until(serving.client.clone(), stop.clone())))
        .collect();
    eventually("the load is under way", async || {
        (serving.client.tasks_ever().await > 60).then_some(())
    })
    .await;
    let path = folder.path().to_owned();
    tokio::task::spawn_blocking(move || back_up(&path))
        .await
        .unwrap();
    stop.cancel();
    let mut during = Vec::new();
    for load in loads {
        during.extend(load.await.unwrap());
    }
    // The load was not broken by the backup, and nothing of it is lost where it went on.
    assert!(
        during.len() > 4,
        "{} submissions beside the backup",
        during.len()
    );
    assert_all_end(&serving.client, &during).await;
    serving.stop("KILL").await;

    let restored = tempfile::tempdir().unwrap();
    let data = restored.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::copy(folder.path().join("backup.db"), data.join("tasks.db")).unwrap();
    let serving = Serving::start(restored.path());
    assert_all_end(&serving.client, &before).await;
    serving.client.run(r#"{"number": 7}"#).await;
    assert_eq!(serving.stop("TERM").await.code, Some(0));
}

#[tokio::test]
async fn a_folder_that_is_copied_after_a_stop_is_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    let ended = serving.client.run(r#"{"number": 24}"#).await;
    let open = serving.client.accepted(r#"{"number": 24}"#).await;
    serving.stop("TERM").await;

    let restored = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("data"), restored.path().join("data"));
    fs::create_dir(&to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    let serving = Serving::start(restored.path());
    assert_all_end(&serving.client, &[ended, open]).await;
}
