//! Clients that generators make of the description, each in a whole conversation: one in TypeScript,
//! of OpenAPI 3.1, and one in Python, of 3.0. Nothing that is generated is kept.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ports::Secret;
use tokio::process::Command;

use super::{KEY, PATHS, installed, saved, succeeds};
use crate::helpers::app::{App, spawn_app_with};

fn service() -> App {
    spawn_app_with(|config| config.api_keys = vec![Secret::new(KEY)])
}

/// A file of this folder.
fn here(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi/generated");
    folder.join(name)
}

/// Runs a client against the service.
async fn converses(command: &mut Command, app: &App) {
    command
        .args([app.client.base(), KEY])
        // The service is on this machine, whatever proxy is set for others.
        .envs([("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")]);
    succeeds(command).await;
}

#[tokio::test]
async fn a_client_in_typescript_compiles_and_converses() {
    let app = service();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    symlink(installed("node_modules"), folder.join("node_modules")).unwrap();
    for file in ["conversation.mts", "tsconfig.json"] {
        fs::copy(here(file), folder.join(file)).unwrap();
    }
    let node = |program: &str| {
        let mut command = Command::new("node");
        command.arg(installed(&format!("node_modules/{program}")));
        command
    };
    let mut generate = node("openapi-typescript/bin/cli.js");
    generate.arg(saved(&app, PATHS[0], folder).await);
    succeeds(generate.arg("--output").arg(folder.join("service.ts"))).await;
    succeeds(node("typescript/bin/tsc").arg("--project").arg(folder)).await;
    let mut client = Command::new("node");
    converses(client.arg(folder.join("conversation.mjs")), &app).await;
}

#[tokio::test]
async fn a_client_in_python_is_complete_and_converses() {
    let app = service();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut generate = Command::new(installed(".venv/bin/openapi-python-client"));
    generate
        .args(["generate", "--meta", "none", "--fail-on-warning"])
        .arg("--config")
        .arg(here("python.yaml"))
        .arg("--path")
        .arg(saved(&app, PATHS[1], folder).await)
        .arg("--output-path")
        .arg(folder.join("service"));
    succeeds(&mut generate).await;
    let mut client = Command::new(installed(".venv/bin/python"));
    client
        .arg(here("conversation.py"))
        .env("PYTHONPATH", folder);
    converses(&mut client, &app).await;
}
