//! A start that succeeds, and what it says.

use std::process::Command;

use async_request_reply::config::settings;
use serde_json::json;

use crate::helpers::azurite::{Azurite, KEY};
use crate::helpers::eventually::eventually;
use crate::helpers::handler::{Handler, Serving};

#[tokio::test]
async fn the_first_line_says_mode_address_storage_and_folder() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), &[("DATA_DIR", "tasks here")]);
    let said = serving.first_line.split_once(" INFO  ").unwrap().1;
    let base = serving.client.base();
    assert_eq!(
        said,
        format!("standalone on {base}, embedded store in tasks here")
    );
    assert!(folder.path().join("tasks here/tasks.db").is_file());
}

#[tokio::test]
async fn it_works_without_any_setting_and_writes_nothing_to_stderr() {
    let folder = tempfile::tempdir().unwrap();
    // An empty one is none.
    let serving = Serving::start_with(folder.path(), &[("API_KEY", "")]);
    let client = &serving.client;
    let id = client.run(r#"{"number": 24}"#).await;
    assert_eq!(
        client.fetch(&id).await.json(),
        json!({"task_id": id, "number": 24, "calculation_result": "46368"})
    );
    client.submit("not JSON").await;

    let ended = serving.stop("TERM").await;
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("task succeeded"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("46368"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("ERROR"), "{}", ended.stdout);
    // A hint for people, who have a terminal.
    assert!(!ended.stdout.contains("curl"), "{}", ended.stdout);
    assert!(folder.path().join("data/tasks.db").is_file());
}

#[tokio::test]
async fn every_line_of_the_log_has_a_time_and_a_level() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_with(folder.path(), &[("RUST_LOG", "debug")]);
    let id = serving.client.run(r#"{"number": 24}"#).await;
    serving.client.fetch(&id).await;
    let first_line = serving.first_line.clone();
    let log = first_line + "\n" + &serving.stop("TERM").await.stdout;
    for line in log.lines() {
        let mut words = line.split_ascii_whitespace();
        let (time, level) = (words.next().unwrap(), words.next().unwrap());
        assert!(time.starts_with("20") && time.ends_with('Z'), "{line}");
        let levels = ["ERROR", "WARN", "INFO", "DEBUG"];
        assert!(levels.contains(&level), "{line}");
    }
}

#[tokio::test]
async fn a_flag_wins_over_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    // Serving::start gives a port that is free by flag.
    let serving = Serving::start_with(folder.path(), &[("BIND_ADDRESS", "not an address")]);
    assert_eq!(serving.client.get("/api/health").await.status, 200);
}

#[tokio::test]
async fn help_names_every_variable_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let secret = [("API_KEY", "s3cret"), ("AzureWebJobsStorage", "s3cret")];
    let ended = Handler::start_with(folder.path(), &secret, &["--help"])
        .ended()
        .await;
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "");
    assert!(!ended.stdout.contains("s3cret"));
    for setting in settings() {
        for name in [
            format!("--{} ", setting.flag),
            format!("[env: {}]", setting.variable),
        ] {
            assert!(ended.stdout.contains(&name), "{name}\n{}", ended.stdout);
        }
    }
}

#[test]
fn it_tells_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_handler"))
        .arg("--version")
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("handler {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn an_account_that_does_not_answer_is_named_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut storage = Azurite::start();
    let account = storage.connection_string();
    storage.stop();

    let serving = Serving::start_with(folder.path(), &[("AzureWebJobsStorage", &account)]);

    let warning = serving
        .handler
        .line_with("cannot use storage (http://127.0.0.1:")
        .await;
    assert!(warning.ends_with("; trying again in 1 s"), "{warning}");
    assert!(!warning.contains(KEY), "{warning}");
    // Ready it is not, but alive.
    assert_eq!(serving.client.get("/").await.status, 200);
    assert_eq!(serving.client.get("/api/health").await.status, 503);
    assert_eq!(serving.client.submit(r#"{"number":24}"#).await.status, 503);
    storage.restart();
    let healthy = async || (serving.client.get("/api/health").await.status == 200).then_some(());
    eventually("storage is found", healthy).await;
    let id = serving.client.run(r#"{"number":24}"#).await;
    assert_eq!(serving.client.fetch(&id).await.status, 200);
}
