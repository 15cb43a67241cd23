//! The client of Durable Functions' SDK for Python, as it comes: what a function of an app would do with instances.

use serde_json::{Value, json};
use tokio::process::Command;

use super::durable::deployed;
use crate::helpers::client::KEY;
use crate::helpers::deployment::Setting;
use crate::openapi::{installed, succeeds};

/// What a host hands to a function with a durable client, for instances that are below this address.
fn starter(address: &str) -> Value {
    let code = format!("code={}", KEY.replace(' ', "%20"));
    let query = format!("taskHub=TaskHub&connection=Storage&{code}");
    let create = format!("{address}/orchestrators/{{functionName}}[/{{instanceId}}]?{code}");
    let instance = format!("{address}/instances/INSTANCEID");
    let itself = format!("{instance}?{query}");
    let because = |what: &str| format!("{instance}/{what}?reason={{text}}&{query}");
    json!({
        "taskHubName": "TaskHub",
        "creationUrls": {
            "createNewInstancePostUri": create,
            "createAndWaitOnNewInstancePostUri":
                format!("{create}&timeout={{timeoutInSeconds}}&pollingInterval={{intervalInSeconds}}"),
        },
        "managementUrls": {
            "id": "INSTANCEID",
            "statusQueryGetUri": itself,
            "sendEventPostUri": format!("{instance}/raiseEvent/{{eventName}}?{query}"),
            "terminatePostUri": because("terminate"),
            "rewindPostUri": because("rewind"),
            "purgeHistoryDeleteUri": itself,
            "restartPostUri": format!("{instance}/restart?{query}"),
            "suspendPostUri": because("suspend"),
            "resumePostUri": because("resume"),
        },
        "baseUrl": address,
        "requiredQueryStringParameters": code,
        "rpcBaseUrl": format!("{address}/"),
    })
}

async fn drives(setting: Setting, prefix: &str) {
    let deployment = deployed(setting).await;
    let starter = starter(&format!("{}{prefix}", deployment.client.base()));
    let mut command = Command::new(installed(".venv/bin/python"));
    command
        .arg(installed("clients/durable.py"))
        .args([starter.to_string(), KEY.to_owned()]);
    assert_eq!(succeeds(&mut command).await, "all done\n");
}

#[tokio::test]
async fn the_client_of_the_python_sdk_drives_instances_where_durable_functions_has_them() {
    for setting in [Setting::Embedded, Setting::Azurite] {
        drives(setting, "/runtime/webhooks/durabletask").await;
    }
}

#[tokio::test]
async fn the_client_of_the_python_sdk_drives_instances_where_every_mode_has_them() {
    for setting in [Setting::Embedded, Setting::Hosted] {
        drives(setting, "/api/durabletask").await;
    }
}
