//! What tools say of the description, in both its versions.

use std::path::Path;

use tokio::process::Command;

use super::{PATHS, installed, saved, succeeds};
use crate::helpers::app::spawn_app;

#[tokio::test]
async fn spectral_has_nothing_to_say() {
    let app = spawn_app();
    let folder = tempfile::tempdir().unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi/spectral.yaml");
    for path in PATHS {
        let mut command = Command::new("node");
        command
            .arg(installed(
                "node_modules/@stoplight/spectral-cli/dist/index.js",
            ))
            .args(["lint", "--fail-severity", "hint", "--ruleset"])
            .arg(&rules)
            .arg(saved(&app, path, folder.path()).await);
        succeeds(&mut command).await;
    }
}

#[tokio::test]
async fn each_version_is_valid_in_the_eyes_of_a_reader_of_that_version() {
    let app = spawn_app();
    let folder = tempfile::tempdir().unwrap();
    for (path, version) in PATHS.into_iter().zip(["3.1", "3.0"]) {
        let mut command = Command::new(installed(".venv/bin/openapi-spec-validator"));
        command
            .args(["--schema", version])
            .arg(saved(&app, path, folder.path()).await);
        succeeds(&mut command).await;
    }
}
