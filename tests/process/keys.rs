//! Where the key of the keyed routes comes from.

use std::fs;

use crate::helpers::azurite::azurite;
use crate::helpers::handler::{Handler, Serving};
use crate::helpers::reply::Reply;

/// No key in the settings.
const NONE: (&str, &str) = ("API_KEY", "");

async fn list_with(serving: &Serving, key: &str) -> Reply {
    let request = serving.client.request("GET", "/api/operations");
    let request = request.header("authorization", format!("Bearer {key}"));
    serving.client.send(request).await
}

#[tokio::test]
async fn the_first_start_makes_a_key_and_later_ones_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/api-key");
    let mut key = None;
    for _ in 0..2 {
        let serving = Serving::start_with(folder.path(), &[NONE]);
        let kept = fs::read_to_string(&file).unwrap().trim_end().to_owned();
        assert_eq!(*key.get_or_insert(kept.clone()), kept);
        assert_eq!(list_with(&serving, &kept).await.status, 200);
        assert_eq!(list_with(&serving, "").await.status, 401);
        assert_eq!(serving.client.get("/api/metrics").await.status, 401);

        let before = serving.said_before.join("\n");
        let log = before + "\n" + &serving.stop("TERM").await.stdout;
        assert!(log.contains("is in ./data/api-key"), "{log}");
        assert!(!log.contains(&kept), "{log}");
    }
}

#[tokio::test]
async fn a_key_in_the_settings_takes_the_place_of_the_one_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    Serving::start_with(folder.path(), &[NONE])
        .stop("TERM")
        .await;
    let kept = fs::read_to_string(folder.path().join("data/api-key")).unwrap();
    // As a secret that is mounted as a file comes: with its line end.
    let serving = Serving::start_with(folder.path(), &[("API_KEY", "sixteen letters.\n")]);
    assert_eq!(list_with(&serving, kept.trim_end()).await.status, 401);
    assert_eq!(list_with(&serving, "sixteen letters.").await.status, 200);
}

#[tokio::test]
async fn one_key_replaces_another_without_a_moment_without() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = ("the-old-key-of-all", "the-new-key-of-all");
    let settings = [("API_KEY", new), ("API_KEY_SECONDARY", old)];
    let serving = Serving::start_with(folder.path(), &settings);
    for key in [old, new] {
        assert_eq!(list_with(&serving, key).await.status, 200);
    }
}

#[tokio::test]
async fn a_key_file_that_holds_no_key_stops_the_start_and_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/api-key");
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(&file, "\n").unwrap();
    let settings = [("BIND_ADDRESS", "127.0.0.1:0")];
    let ended = Handler::start(folder.path(), &settings).ended().await;
    assert_eq!(ended.code, Some(1));
    let said = "ERROR cannot use the key in ./data/api-key: it has to be one line";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
    assert_eq!(fs::read_to_string(&file).unwrap(), "\n");
}

#[tokio::test]
async fn with_a_storage_account_and_no_key_the_keyed_routes_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let account = azurite().connection_string();
    let name = format!("closed-{}", uuid::Uuid::now_v7());
    let serving = Serving::start_with(
        folder.path(),
        &[
            NONE,
            ("AzureWebJobsStorage", &account),
            ("queue_name", &name),
            ("BLOB_CONTAINER_NAME", &name),
        ],
    );
    for key in ["", "x"] {
        let refused = list_with(&serving, key).await;
        assert_eq!(refused.status, 401);
        let (code, _, said) = refused.problem();
        assert_eq!(code, "NoKeySet");
        assert!(said.contains("API_KEY"), "{said}");
    }
    let said = serving.said_before.join("\n");
    assert!(said.contains("API_KEY is not set: the routes that need a key are closed"));
}
