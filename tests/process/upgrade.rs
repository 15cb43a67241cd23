//! A data folder of an earlier release, and what this one makes of it.

use std::fs;

use rusqlite::Connection;
use serde_json::json;

use crate::helpers::handler::Serving;

const VERSION_1: &str = include_str!("schema_v1.sql");

const SUCCEEDED: &str = "01a1fe98-88d9-7767-bcdf-906c4fac239d";
const KEYED: &str = "01a1fe98-88ea-7315-82a9-af997ca4ccfc";
const RUNNING: &str = "01a1fe98-8b11-7041-a9d9-c2e0c0c72558";
const CANCELED: &str = "01a1fe98-8b57-70e4-93a4-275469d6cd73";
const QUEUED: [(&str, &str); 2] = [
    ("01a1fe98-8b8f-736c-819f-2688cf941ac5", "3524578"),
    ("01a1fe98-8be6-7637-94eb-bb07f30cbfa3", "-21"),
];
const POISONED: &str = "01a1fe98-8c00-7637-94eb-bb07f30cbf01";

#[tokio::test]
async fn a_file_of_schema_version_1_is_listed_worked_off_and_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let file = folder.path().join("data/tasks.db");
    let connection = Connection::open(&file).unwrap();
    connection.execute_batch(VERSION_1).unwrap();
    drop(connection);

    let serving = Serving::start_with(folder.path(), &[("RESULT_RETENTION", "1000y")]);
    let client = &serving.client;
    let result = client.result(SUCCEEDED).await.json();
    assert_eq!(result, json!({"number": 24, "calculation_result": "46368"}));
    assert_eq!(client.fetch(KEYED).await.json()["calculation_result"], "13");
    assert_eq!(client.fetch(KEYED).await.status, 404);
    assert_eq!(client.ended(CANCELED).await.status, 410);
    let running = client.ended(RUNNING).await.json();
    assert_eq!(running["calculation_result"], "1346269");
    for (id, value) in QUEUED {
        assert_eq!(client.ended(id).await.json()["calculation_result"], value);
    }
    assert_eq!(client.ended(POISONED).await.problem().0, "DeadLettered");
    let monitor = client.monitor(RUNNING).await.json();
    assert_eq!(monitor["createdDateTime"], "2026-11-21T14:52:52.369Z");

    let list = client.get_keyed("/api/operations").await.json();
    let listed: Vec<&str> = list["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["id"].as_str().unwrap())
        .collect();
    let [(first, _), (second, _)] = QUEUED;
    assert_eq!(
        listed,
        [POISONED, second, first, CANCELED, RUNNING, SUCCEEDED]
    );
    // What the release before left has no error in the listing; what failed since has.
    assert_eq!(list["value"][0]["error"]["code"], "DeadLettered");
    assert_eq!(list["value"][3]["error"]["code"], "TaskCanceled");
    assert!(list["value"][4].get("error").is_none());
    serving.stop("TERM").await;
}
