//! The crate of one's own that the README shows, built as it is, outside this workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{README, between};
use crate::helpers::handler::{Handler, Serving};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Takes this checkout for what is published. Profiles and versions are those of this build, so that what
/// it compiled is used again.
fn write_workspace(folder: &Path) {
    let manifest = fs::read_to_string(format!("{ROOT}/Cargo.toml")).unwrap();
    let (_, profiles) = manifest.split_once("[profile.dev]").unwrap();
    let (profiles, _) = profiles.split_once("[profile.release]").unwrap();
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"word-count\"]\n\n\
         [patch.crates-io]\nasync-request-reply = {{ path = {ROOT:?} }}\n\n[profile.dev]{profiles}"
    );
    fs::write(folder.join("Cargo.toml"), workspace).unwrap();
    fs::copy(format!("{ROOT}/Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let own = folder.join("word-count");
    fs::create_dir_all(own.join("src")).unwrap();
    let manifest = between("this `Cargo.toml`:\n\n```toml\n", "```\n");
    fs::write(own.join("Cargo.toml"), manifest).unwrap();
    let main = between("this `src/main.rs`:\n\n```rust\n", "```\n");
    fs::write(own.join("src/main.rs"), main).unwrap();
}

#[tokio::test]
async fn the_crate_in_the_readme_is_tested_and_serves() {
    let folder = tempfile::tempdir().unwrap();
    write_workspace(folder.path());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    for command in ["test", "build"] {
        let output = Command::new(env!("CARGO"))
            .args([command, "--offline", "--target-dir"])
            .arg(target)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let (told, said) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "cargo {command}: {said}");
        let is_tested = String::from_utf8_lossy(told).contains("tests::words_are_counted ... ok");
        assert_eq!(is_tested, command == "test");
    }

    let handler = || Command::new(target.join("debug/word-count"));
    let told = "[[kind]]\nname = \"word-count\"\ncommand = [\"cat\"]\n";
    fs::write(folder.path().join("kinds.toml"), told).unwrap();
    let check = ["check-kinds", "kinds.toml"];
    let checked = Handler::start_as(handler(), folder.path(), &[], &check);
    let said = checked.ended().await.stderr;
    let reason = "the service has a kind named \"word-count\" of its own";
    assert_eq!(said, format!("error: kinds.toml:2: {reason}\n"));

    let binary = handler();
    let serving = Serving::start_as(binary, folder.path(), &[]);
    let input = between(r#"-d '{"kind": "word-count", "input": "#, "}'\n");
    let body = format!(r#"{{"kind": "word-count", "input": {input}}}"#);
    let id = serving.client.run(&body).await;
    let result = serving.client.result(&id).await;
    let told = format!("The result is `{}`.", result.text());
    assert!(README.contains(&told), "{told}");
    let wrong = r#"{"kind": "word-count", "input": {"text": 7}}"#;
    let refused = serving.client.submit(wrong).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["error"]["target"], "input.text");
}
