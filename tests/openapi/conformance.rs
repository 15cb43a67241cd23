//! Schemathesis, a fuzzer that reads the description, finds no reply that breaks it.

use ports::Secret;
use tokio::process::Command;

use super::{KEY, installed, succeeds};
use crate::helpers::app::spawn_standard_app_with;
use crate::helpers::queues;

/// What every reply must pass.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,\
                      unsupported_method,ignored_auth";

#[tokio::test]
async fn no_request_gets_a_reply_that_is_not_described() {
    // The fuzzer tries the kinds that are named, and some of the tests' wait for a gate.
    let app = spawn_standard_app_with(|config| {
        config.api_keys = vec![Secret::new(KEY)];
        config.raw_queue = Some(queues::name("own-messages"));
        // The fuzzer likes large numbers, and has nothing to learn from their size.
        config.max_number = 1_000;
    });
    let mut command = Command::new(installed(".venv/bin/schemathesis"));
    command
        .arg("run")
        .arg(format!("{}/api/openapi.json", app.client.base()))
        .args(["--header", &format!("x-functions-key: {KEY}")])
        .args(["--checks", CHECKS])
        .args(["--seed", "1", "--max-examples", "50"])
        .args(["--generation-database", "none", "--no-color"]);
    let said = succeeds(&mut command).await;
    let tested = format!("Tested: {}\n", count(&said, "Selected: "));
    assert!(said.contains(&tested), "{said}");
}

/// The number of operations the fuzzer found.
fn count<'a>(said: &'a str, before: &str) -> &'a str {
    let (_, rest) = said.split_once(before).unwrap();
    rest.split('/').next().unwrap()
}
