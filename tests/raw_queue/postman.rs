//! R1's Postman flow: its six requests, at `/api` and with the key, as newman runs them.

use tokio::process::Command;

use super::{Raw, in_every_deployment};
use crate::helpers::client::KEY;
use crate::helpers::deployment::Setting;
use crate::openapi::{installed, succeeds};

in_every_deployment! { newman_runs_the_six_requests_of_r1 }

async fn newman_runs_the_six_requests_of_r1(setting: Setting) {
    let raw = Raw::start(setting).await;
    let base = raw.deployment.client.base();
    let mut command = Command::new("node");
    command
        .arg(installed("node_modules/newman/bin/newman.js"))
        .arg("run")
        .arg(installed("raw_queue/r1.postman_collection.json"))
        .args(["--env-var", &format!("baseUrl={base}")])
        .args(["--env-var", &format!("key={KEY}")])
        .args(["--color", "off", "--timeout", "100000"]);
    let said = succeeds(&mut command).await;
    assert!(said.contains("requests"), "{said}");
}
