//! The examples: their results, progress, errors, and what waits for a time.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{examples, serving, start};
use crate::helpers::client::Client;
use crate::helpers::deployment::Setting;

const WORDS: &str = r#"{"kind":"word-count","input":{"lines":["to be or","not to be","to"]}}"#;

async fn result(client: &Client, body: &str) -> Value {
    let id = client.run(body).await;
    let reply = client.result(&id).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn the_example_in_python_counts_words_and_says_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path(), &examples());
    let counted = json!({"words": 7, "most": [["to", 3]]});
    assert_eq!(result(&serving.client, WORDS).await, counted);
    let refused = serving
        .client
        .submit(r#"{"kind":"word-count","input":{"lines":["a",7]}}"#)
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["error"]["target"], "input.lines[1]");
    let refused = serving
        .client
        .submit(r#"{"kind":"word-count","input":{}}"#)
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["error"]["target"], "input.lines");
}

#[tokio::test]
async fn the_example_in_node_says_why_it_fails_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path(), &examples());
    let hello = r#"{"kind":"checksum","input":{"text":"hello"}}"#;
    let checksum = &result(&serving.client, hello).await["checksum"];
    assert!(checksum.as_str().unwrap().starts_with("2cf24dba5fb0a30e"));
    let body = r#"{"kind":"checksum","input":{"text":"hello","algorithm":"none"}}"#;
    let id = serving.client.run(body).await;
    assert_eq!(serving.client.result(&id).await.status, 424);
    let monitor = serving.client.monitor(&id).await.json();
    assert_eq!(monitor["status"], "Failed");
    assert_eq!(monitor["attempts"], 1);
    let error = json!({"code": "UnknownAlgorithm", "message": "there is no such algorithm here"});
    assert_eq!(monitor["error"], error);
}

#[tokio::test]
async fn the_example_in_bash_is_put_off_until_its_time_and_that_is_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path(), &examples());
    let time = OffsetDateTime::now_utc().unix_timestamp() + 2;
    let body = json!({"kind": "not-before", "input": {"not_before": time}}).to_string();
    let done = result(&serving.client, &body).await;
    assert_eq!(done["attempt"], 1);
    assert!(OffsetDateTime::now_utc().unix_timestamp() >= time);
}

#[tokio::test]
async fn the_example_in_python_works_on_azure_storage_and_under_the_functions_host() {
    for setting in [Setting::Azurite, Setting::Hosted] {
        let deployment = start(setting, &examples()).await;
        assert_eq!(result(&deployment.client, WORDS).await["words"], 7);
    }
}
