//! A project that `handler init` wrote: it is tested, serves and is packed, as its README says.

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use zip::ZipArchive;

use crate::helpers::handler::Serving;

/// Runs a program in a folder, which must succeed.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
    output
}

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let handler = env!("CARGO_BIN_EXE_handler");
    run(handler, &["init", ".", "--kinds"], folder.path());
    folder
}

fn readme(project: &TempDir) -> String {
    fs::read_to_string(project.path().join("README.md")).unwrap()
}

#[tokio::test]
async fn a_project_without_rust_is_tested_and_serves() {
    let project = project();
    let readme = readme(&project);
    let test = "python3 -m unittest discover work";
    assert!(readme.contains(&format!("\n{test}\n")));
    let words: Vec<_> = test.split(' ').collect();
    let tested = run(words[0], &words[1..], project.path());
    let said = String::from_utf8(tested.stderr).unwrap();
    assert!(said.contains("Ran 2 tests"), "{said}");

    assert!(readme.contains("\nKINDS_FILE=kinds.toml handler\n"));
    let [path, home] = ["PATH", "HOME"].map(|name| env::var(name).unwrap_or_default());
    let settings = [
        ("KINDS_FILE", "kinds.toml"),
        ("PATH", &path),
        ("HOME", &home),
    ];
    let serving = Serving::start_with(project.path(), &settings);
    let (_, body) = readme.split_once(" -d '").unwrap();
    let (body, _) = body.split_once("'\n").unwrap();
    let id = serving.client.run(body).await;
    let fetched = serving.client.fetch(&id).await.json();
    assert_eq!(fetched["words"], 6, "{fetched}");
    let wrong = serving
        .client
        .submit(r#"{"kind": "word-count", "input": {"text": 7}}"#)
        .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.json()["error"]["target"], "input.text");
}

#[test]
fn a_project_without_rust_is_packed_with_its_kinds() {
    let project = project();
    let words = "package --with kinds.toml --with work";
    assert!(readme(&project).contains(&format!("\nhandler {words}\n")));
    let words: Vec<_> = words.split(' ').collect();
    run(env!("CARGO_BIN_EXE_handler"), &words, project.path());
    let zip = ZipArchive::new(File::open(project.path().join("app.zip")).unwrap()).unwrap();
    let names: Vec<_> = zip.file_names().map(Result::unwrap).collect();
    for name in [
        "handler",
        "host.json",
        "create_task/function.json",
        "kinds.toml",
        "work/word_count.py",
        "work/word_count.schema.json",
    ] {
        assert!(names.iter().any(|found| found == name), "{name} {names:?}");
    }
    for name in [
        "work/test_word_count.py",
        "local.settings.json",
        "README.md",
    ] {
        assert!(!names.iter().any(|found| found == name), "{name} {names:?}");
    }
}
