//! The activities of the sample with four steps over files (R2), one after another by hand, and its workflows: wherever the service is
//! deployed they give what R2's do, and their files are where its are.

use std::sync::Arc;

use backends::azure::Azure;
use ports::{FileName, Files};
use serde_json::{Value, json};
use uuid::Uuid;

use super::EVERYWHERE;
use crate::helpers::app::spawn_app;
use crate::helpers::azurite::azurite;
use crate::helpers::client::Client;
use crate::helpers::deployment::{Deployment, Setting};

const HEADER: &str = "pii_name,pii_email,pii_mobile,attribute1,attribute2,attribute3,attribute4,\
                      attribute5,attribute6,attribute7\n";

/// What a task of a kind gives.
async fn run(client: &Client, kind: &str, input: &Value) -> Value {
    let id = client
        .accepted(json!({"kind": kind, "input": input}).to_string())
        .await;
    let ended = client.ended(&id).await;
    assert_eq!(ended.status, 200, "{kind}: {}", ended.text());
    ended.json()
}

/// A container that no other test has.
fn container() -> String {
    format!("files-{}", Uuid::now_v7())
}

/// The files of a container on Azurite.
fn in_account(container: &str) -> Arc<dyn Files> {
    Azure::files_of(&azurite().account(), container).unwrap()
}

async fn read(files: &Option<Arc<dyn Files>>, deployment: &Deployment, name: &str) -> String {
    match files {
        Some(files) => {
            let name = FileName::try_from(name).unwrap();
            let content = files.read(&name).await.unwrap().expect("the file");
            String::from_utf8(content.to_vec()).unwrap()
        }
        None => {
            let path = deployment.folder().join("data/files").join(name);
            std::fs::read_to_string(path).unwrap()
        }
    }
}

/// The documented call, and each activity by itself.
async fn processes(deployment: &Deployment, files: Option<Arc<dyn Files>>) {
    let client = &deployment.client;
    // Nothing is made before a kind asks for it.
    assert!(!deployment.folder().join("data/files").exists());

    let input = json!({"rawDataPath": "raw", "numFiles": "4", "numRows": "10"});
    let generated = run(client, "GenerateData", &input).await;
    let expected = json!({"rawDataPath": "raw", "numFiles": 4, "numRows": 10});
    assert_eq!(generated, expected);
    let names = run(client, "step0", &generated).await;
    assert_eq!(
        names,
        json!(["raw/0.csv", "raw/1.csv", "raw/2.csv", "raw/3.csv"])
    );

    let mut told = names[0].clone();
    for (step, output, read_rows, written_rows) in [
        ("step1", "step1/data_0.csv", 10, 100_000),
        ("step2", "step2/processed_data_0.csv", 100_000, 100),
        ("step3", "step3/interim_processed_data_0.csv", 100, 10),
        ("step4", "out/4/final_interim_processed_data_0.csv", 10, 5),
    ] {
        told = run(client, step, &told).await;
        let filename = format!("{step}_output_filename");
        let expected = json!({filename: output, "col_count": 10, "row_count": read_rows});
        assert_eq!(told, expected);
        let content = read(&files, deployment, output).await;
        assert!(content.starts_with(HEADER), "{step}");
        assert_eq!(content.lines().count(), 1 + written_rows, "{step}");
    }

    // The documented call, by one task.
    let reports = run(client, "OrchestratorFunc", &input).await;
    let reports = reports.as_array().unwrap();
    assert_eq!(reports.len(), 4);
    for (number, report) in reports.iter().enumerate() {
        let file = |step, output: &str, rows| json!({format!("{step}_output_filename"): output, "col_count": 10, "row_count": rows});
        let expected = json!([
            file("step1", &format!("step1/data_{number}.csv"), 10),
            file(
                "step2",
                &format!("step2/processed_data_{number}.csv"),
                100_000
            ),
            file(
                "step3",
                &format!("step3/interim_processed_data_{number}.csv"),
                100
            ),
            file(
                "step4",
                &format!("out/4/final_interim_processed_data_{number}.csv"),
                10
            ),
        ]);
        assert_eq!(*report, expected);
    }
    // Of no files nothing comes, and that is no list.
    let none = json!({"rawDataPath": "empty", "numFiles": 0, "numRows": 1});
    assert_eq!(
        run(client, "OrchestratorFunc", &none).await["result"],
        Value::Null
    );
    for (kind, input, told) in [
        (
            "OrchestratorFunc",
            json!({}),
            "A root directory, number of rows",
        ),
        (
            "OrchestratorFunc",
            Value::Null,
            "A root directory, number of rows",
        ),
        (
            "SubOrchestratorFunc",
            json!(""),
            "Need the filename to process as input",
        ),
    ] {
        let id = client
            .accepted(json!({"kind": kind, "input": input}).to_string())
            .await;
        let (code, _, message) = client.ended(&id).await.problem();
        assert_eq!(code, "MissingInput");
        assert!(message.starts_with(told), "{message}");
    }
    // What R2 told as null, and the next step as `NoneType`, is the failure of the whole, with its cause.
    let id = client
        .accepted(json!({"kind": "SubOrchestratorFunc", "input": "raw/9.csv"}).to_string())
        .await;
    let (code, _, message) = client.ended(&id).await.problem();
    assert_eq!(code, "FileNotFound");
    assert!(
        message.ends_with("there is no file \"raw/9.csv\""),
        "{message}"
    );

    let missing = client
        .accepted(json!({"kind": "step1", "input": "raw/9.csv"}).to_string())
        .await;
    let failed = client.ended(&missing).await;
    let (code, _, message) = failed.problem();
    assert_eq!((failed.status, &*code), (424, "FileNotFound"));
    assert_eq!(message, "there is no file \"raw/9.csv\"");
    // It is permanent, so there was one attempt.
    assert_eq!(client.monitor(&missing).await.json()["attempts"], 1);
}

#[tokio::test]
async fn files_are_made_and_processed_as_in_r2() {
    for setting in EVERYWHERE {
        let container = container();
        let settings = [
            ("FILE_PROCESSING", "true"),
            ("DataContainer", &*container),
            ("Step4DataSubpath", "out/4"),
        ];
        let deployment = Deployment::start(setting, &settings).await;
        let files = (setting != Setting::Embedded).then(|| in_account(&container));
        processes(&deployment, files).await;
    }
}

#[tokio::test]
async fn files_may_be_in_an_account_of_their_own() {
    let (container, account) = (container(), azurite().connection_string());
    let settings = [
        ("FILE_PROCESSING", "true"),
        ("DataStorage", &*account),
        ("DataContainer", &container),
        ("Step4DataSubpath", "out/4"),
    ];
    let deployment = Deployment::start(Setting::Embedded, &settings).await;
    processes(&deployment, Some(in_account(&container))).await;
    assert!(!deployment.folder().join("data/files").exists());
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_by_its_field() {
    let settings = [("FILE_PROCESSING", "true")];
    let deployment = Deployment::start(Setting::Embedded, &settings).await;
    for (kind, input, field, expected) in [
        (
            "GenerateData",
            json!({"rawDataPath": "../raw", "numFiles": 1, "numRows": 1}),
            "input.rawDataPath",
            "InvalidRawDataPath",
        ),
        (
            "GenerateData",
            json!({"rawDataPath": "raw", "numFiles": "many", "numRows": 1}),
            "input.numFiles",
            "InvalidNumFiles",
        ),
        (
            "step0",
            json!({"rawDataPath": "raw", "numFiles": 1, "numRows": 100_001}),
            "input.numRows",
            "InvalidNumRows",
        ),
        ("step1", json!("/etc/passwd"), "input", "InvalidInput"),
        (
            "step2",
            json!({"step1_output_filename": "a/../b"}),
            "input.step1_output_filename",
            "InvalidStep1OutputFilename",
        ),
        (
            "step3",
            json!({}),
            "input.step2_output_filename",
            "InvalidStep2OutputFilename",
        ),
        ("step4", json!(null), "input", "InvalidInput"),
    ] {
        let body = json!({"kind": kind, "input": input}).to_string();
        let reply = deployment.client.submit(body).await;
        let (code, target, _) = reply.problem();
        assert_eq!((reply.status, &*code), (422, expected), "{kind}");
        assert_eq!(target.as_deref(), Some(field), "{kind}");
    }
    deployment.client.has_taken(0).await;
}

#[tokio::test]
async fn without_the_setting_the_kinds_are_not_there() {
    let app = spawn_app();
    for kind in ["GenerateData", "step0", "step4"] {
        let body = json!({"kind": kind, "input": "raw/0.csv"}).to_string();
        let reply = app.client.submit(body).await;
        assert_eq!(reply.problem().0, "UnknownKind", "{kind}");
    }
}
