//! The description of the API, the page that shows it, and the clients made from it.

mod committed;
mod conformance;
mod description;
mod forms;
mod generated;
mod page;
mod postman;
mod schemas;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::helpers::app::App;

/// What the keyed routes ask for.
const KEY: &str = "k3y";

/// How long a client of ours may drive the service.
const DEADLINE: Duration = Duration::from_secs(300);

/// Where the description is, and where it is in the version before.
const PATHS: [&str; 2] = ["/api/openapi.json", "/api/openapi-3.0.json"];

/// The description as the service gives it.
async fn served(app: &App) -> Value {
    let reply = app.client.get(PATHS[0]).await;
    assert_eq!(reply.status, 200);
    reply.json()
}

/// The same in a file, for programs that read files.
async fn saved(app: &App, path: &str, folder: &Path) -> PathBuf {
    let reply = app.client.get(path).await;
    assert_eq!(reply.status, 200);
    let file = folder.join(path.rsplit('/').next().unwrap());
    fs::write(&file, reply.text()).unwrap();
    file
}

/// An operation, with the path and the method that lead to it.
struct Operation<'d> {
    path: &'d str,
    method: &'d str,
    value: &'d Value,
}

/// All of a description.
fn operations(description: &Value) -> Vec<Operation<'_>> {
    let items = description["paths"].as_object().unwrap();
    items
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(move |(method, value)| Operation {
                path,
                method,
                value,
            })
        })
        .collect()
}

/// What a reference leads to; what is none leads to itself.
fn resolved<'d>(description: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').unwrap();
            let found = description.pointer(pointer);
            found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

/// A program below `tests/`, which has to be installed there.
pub(crate) fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(path);
    assert!(
        path.exists(),
        "a part of the tests is not installed; run: npm run setup --prefix tests"
    );
    path
}

/// Runs a client to its end, which must be a good one.
pub(crate) async fn succeeds(command: &mut Command) -> String {
    let running = command
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(DEADLINE, running)
        .await
        .expect("the client takes too long")
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    said
}
