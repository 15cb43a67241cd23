//! A crate that `handler init` wrote: it is formatted, tested, serves, stops and is packed, as its README
//! says. And what `init` says when it cannot write one.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use zip::ZipArchive;

use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::own_crate::{OwnCrate, ROOT};

fn init(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_handler"))
        .arg("init")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

#[tokio::test]
async fn a_crate_is_formatted_tested_serves_and_is_packed() {
    let own = OwnCrate::new("rockets");
    let written = init(&own.root(), &[".", "--path", ROOT]);
    assert!(written.status.success(), "{written:?}");
    assert_eq!(written.stdout, b".: README.md says how to go on\n");
    let readme = fs::read_to_string(own.root().join("README.md")).unwrap();
    let formatted = Command::new(env!("CARGO"))
        .args(["fmt", "--check"])
        .current_dir(own.root())
        .output()
        .unwrap();
    assert!(formatted.status.success(), "{formatted:?}");

    assert!(readme.contains("\ncargo test\n"));
    let tested = own.build_and_test();
    for test in [
        "each_number_is_counted",
        "a_number_that_is_too_large_is_refused",
    ] {
        let told = format!("test countdown::tests::{test} ... ok");
        assert!(tested.contains(&told), "{tested}");
    }

    serves_what_the_readme_submits(&own, &readme).await;
    stops_as_the_binary_of_ours(&own).await;

    assert!(readme.contains("\ncargo run --release -- package\n"));
    let packed = own.binary().arg("package").current_dir(own.root()).output();
    let packed = packed.unwrap();
    assert!(packed.status.success(), "{packed:?}");
    let zip = File::open(own.root().join("app.zip")).unwrap();
    let zip = ZipArchive::new(zip).unwrap();
    let names: Vec<_> = zip.file_names().map(Result::unwrap).collect();
    let is_there = |name: &str| names.iter().any(|found| found == name);
    for name in ["handler", "host.json", "create_task/function.json"] {
        assert!(is_there(name), "{name} {names:?}");
    }
    for name in ["Cargo.toml", "src/main.rs", "local.settings.json"] {
        assert!(!is_there(name), "{name} {names:?}");
    }
}

async fn serves_what_the_readme_submits(own: &OwnCrate, readme: &str) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_as(own.binary(), folder.path(), &[]);
    let (_, body) = readme.split_once(" -d '").unwrap();
    let (body, _) = body.split_once("'\n").unwrap();
    let body = body.replace("10", "1");
    let id = serving.client.run(&body).await;
    let fetched = serving.client.fetch(&id).await.json();
    assert_eq!(fetched["counted"], 1, "{fetched}");
    let refused = serving.client.submit(r#"{"number": 24}"#).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
}

/// Less than the long task takes.
const GRACE: (&str, &str) = ("SHUTDOWN_GRACE", "1s");

/// At once when it is idle; and what it is at is given back, and done after the next start.
async fn stops_as_the_binary_of_ours(own: &OwnCrate) {
    let folder = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for (signal, input) in [("TERM", None), ("TERM", Some(300)), ("INT", Some(15))] {
        let serving = Serving::start_as(own.binary(), folder.path(), &[GRACE]);
        assert_eq!(serving.client.get("/api/health").await.status, 200);
        if let Some(from) = input {
            let body = format!(r#"{{"kind": "countdown", "input": {{"from": {from}}}}}"#);
            let id = serving.client.accepted(body).await;
            eventually("the task runs", async || {
                let monitor = serving.client.monitor(&id).await.json();
                (monitor["status"] == "Running").then_some(())
            })
            .await;
            ids.push(id);
        }
        let ended = serving.stop(signal).await;
        assert_eq!(ended.code, Some(0), "{signal}");
        let told = format!("stopping: told to by a signal (SIG{signal})\n");
        assert!(ended.stdout.contains(&told), "{}", ended.stdout);
        assert!(ended.stdout.ends_with("stopped\n"), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
    }
    let serving = Serving::start_as(own.binary(), folder.path(), &[]);
    let monitor = serving.client.monitor(&ids[0]).await.json();
    assert_ne!(monitor["status"], "Failed", "{monitor}");
    assert_eq!(serving.client.ended(&ids[1]).await.status, 200);
}

/// What `init` says when it fails, which it does as the other commands do.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said.strip_prefix("error: ").unwrap().trim_end().to_owned()
}

#[test]
fn what_cannot_be_a_crate_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, told) in [
        (
            &["1st"][..],
            r#"a crate cannot be named "1st", as its folder is: "#,
        ),
        (
            &["fn"],
            r#"a crate cannot be named "fn", as its folder is: "#,
        ),
        (
            &["test"],
            r#"a crate cannot be named "test", as its folder is: "#,
        ),
        (
            &["--", "-"],
            r#"a crate cannot be named "-", as its folder is: "#,
        ),
        (
            &["a", "--path", "missing"],
            "--path missing is no checkout of async-request-reply: cannot read its Cargo.toml: ",
        ),
    ] {
        let said = refused(&init(folder.path(), arguments));
        assert!(said.starts_with(told), "{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let of_cargo = init(folder.path(), &["a", "--kinds", "--path", ROOT]);
    assert_eq!(of_cargo.status.code(), Some(2), "{of_cargo:?}");
}

#[test]
fn a_folder_with_something_in_it_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("mine/src")).unwrap();
    let said = refused(&init(folder.path(), &["mine"]));
    assert_eq!(said, "mine is not empty: it has src");
    assert_eq!(fs::read_dir(folder.path().join("mine")).unwrap().count(), 1);
}

/// In /sys nobody may make a folder, root included.
#[cfg(target_os = "linux")]
#[test]
fn a_place_where_nobody_may_write_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["/sys/mine"][..], &["/sys/mine", "--kinds"]] {
        let said = refused(&init(folder.path(), arguments));
        assert!(said.starts_with("cannot use /sys/mine: "), "{said}");
    }
}

/// A limit on the size of files stands for a full disk, as in `limits/full_disk.rs`: 512 bytes.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_half_way_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"trap '' XFSZ; ulimit -f 1; exec "$0" init new/mine"#;
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_handler")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = refused(&output);
    assert!(said.starts_with("cannot use new/mine/"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
