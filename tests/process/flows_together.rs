//! Processes that share a storage account, and do the members of the same fan-outs: the one that adds the last
//! result is to see that, though the emulator's counts lag behind when many add at once.

use std::process::Command;

use futures_util::future::join_all;
use uuid::Uuid;

use crate::helpers::azurite::azurite;
use crate::helpers::handler::Serving;
use crate::helpers::project::handler_with_flows;

const MEMBERS: u32 = 300;

/// One after another: each is another chance to miss the last result.
const FAN_OUTS: usize = 6;

#[tokio::test]
async fn no_fan_out_waits_for_a_sweep_whichever_of_two_processes_adds_the_last_result() {
    together(2).await;
}

async fn together(count: usize) {
    let name = format!("together-{}", Uuid::now_v7());
    let account = azurite().connection_string();
    let settings = [
        ("AzureWebJobsStorage", &*account),
        ("queue_name", &name),
        ("BLOB_CONTAINER_NAME", &name),
        ("REQUEST_BUDGET", "100s"),
    ];
    let folders: Vec<_> = (0..count).map(|_| tempfile::tempdir().unwrap()).collect();
    let start = |folder: &tempfile::TempDir| {
        let handler = Command::new(handler_with_flows());
        Serving::start_as(handler, folder.path(), &settings)
    };
    let processes: Vec<_> = folders.iter().map(start).collect();
    for number in 0..FAN_OUTS {
        let client = &processes[number % count].client;
        let body =
            format!(r#"{{"kind": "flow-fan", "input": {{"number": 30, "width": {MEMBERS}}}}}"#);
        let id = client.accepted(body).await;
        let ended = client.ended(&id).await;
        assert_eq!(ended.status, 200, "{}", ended.text());
        assert_eq!(ended.json()["calculation_result"], "832040");
    }
    for process in &processes {
        let metrics = process.client.get_keyed("/api/metrics").await;
        let adds = r#"storage_operations_total{operation="add_to_tally"} "#;
        let adds = metrics
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(adds));
        assert_ne!(adds.unwrap(), "0", "a process did nothing");
    }
    let stopped = processes.into_iter().map(|process| process.stop("TERM"));
    for ended in join_all(stopped).await {
        assert!(
            !ended.stdout.contains("had lost a message"),
            "{}",
            ended.stdout
        );
    }
}
