//! The zip that `handler package` writes, unpacked as a host unpacks it.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use zip::ZipArchive;

use super::{Hosted, json, options};
use crate::helpers::azurite::azurite;

#[tokio::test]
async fn what_was_packed_starts_under_a_host_and_answers_a_task() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("app.zip");
    let packed = Command::new(env!("CARGO_BIN_EXE_handler"))
        .arg("package")
        .args([Path::new("--root"), Path::new(env!("CARGO_MANIFEST_DIR"))])
        .args([Path::new("--output"), &output])
        .env_clear()
        .output()
        .unwrap();
    assert!(packed.status.success(), "{packed:?}");
    assert_eq!(packed.stderr, b"");

    let app = tempfile::tempdir().unwrap();
    let mut zip = ZipArchive::new(File::open(&output).unwrap()).unwrap();
    zip.extract(app.path()).unwrap();
    let settings = app.path().join("local.settings.json");
    assert!(!settings.exists());
    // What Azure has as the app's settings.
    std::fs::write(settings, r#"{"IsEncrypted": false}"#).unwrap();

    let (options, queue) = options(&azurite().connection_string());
    let hosted = Hosted::start_app(app, options, queue).await;
    let id = hosted.submit("24").await;
    assert_eq!(hosted.ended(&id).await["status"], "Succeeded");
    let fetched = json(&hosted.get(&format!("/api/tasks/{id}")).await);
    assert_eq!(fetched["calculation_result"], "46368");
}
