//! A start that fails: one sentence on stdout which names what is wrong, and a code.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::helpers::handler::{Handler, Serving};

/// Starts what must not start, and gives the code and the last line, without time and level.
async fn refused(folder: &Path, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let ended = Handler::start(folder, settings).ended().await;
    assert_eq!(ended.stderr, "");
    let errors: Vec<&str> = ended
        .stdout
        .lines()
        .filter_map(|line| line.split_once(" ERROR ").map(|(_, said)| said))
        .collect();
    assert_eq!(errors.len(), 1, "{}", ended.stdout);
    assert!(
        ended.stdout.trim_end().ends_with(errors[0]),
        "{}",
        ended.stdout
    );
    (ended.code, errors[0].to_owned())
}

const ANY_PORT: (&str, &str) = ("BIND_ADDRESS", "127.0.0.1:0");

#[tokio::test]
async fn a_wrong_setting_is_named_and_a_secret_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, value) in [
        ("AzureWebJobsStorage", "s3cret"),
        ("AzureWebJobsStorage", "AccountName=a;AccountKey=s3cret!"),
        ("AzureWebJobsStorage", "AccountName=s3cret/;AccountKey=AAAA"),
        (
            "AzureWebJobsStorage",
            "BlobEndpoint=https://a.example/?sig=s3cret;QueueEndpoint=https://b.example",
        ),
        ("AzureWebJobsStorage__credential", "s3cret"),
        ("AzureWebJobsStorage__clientSecret", "s3cret"),
        ("AzureWebJobsStorage__tenantId", "s3cret"),
        ("AzureWebJobsStorage__managedIdentityResourceId", "s3cret"),
        ("AzureWebJobsStorage__serviceUri", "https://s3cret.example"),
        (
            "AzureWebJobsStorage__blobServiceUri",
            "http://s3cret.example",
        ),
        ("BIND_ADDRESS", "7071"),
        ("BIND_ADDRESS", "localhost"),
        ("BIND_ADDRESS", ":7071"),
        ("API_KEY", "s3cret\nof two lines"),
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "http"),
        ("queue_name", "Tasks"),
        ("BLOB_CONTAINER_NAME", "a--b"),
        ("PUBLIC_BASE_URL", "tasks.example"),
        ("MAX_NUMBER", "1e6"),
        ("MAX_BODY_BYTES", "2M"),
        ("MAX_BODY_BYTES", "0"),
        ("MAX_QUEUE_LENGTH", "-1"),
        ("RESULT_RETENTION", "for ever"),
        ("RESULT_RETENTION", "0"),
        ("RUST_LOG", "inf"),
        ("WORKER_CONCURRENCY", "0"),
    ] {
        let (code, said) = refused(folder.path(), &[(setting, value)]).await;
        assert_eq!(code, Some(2), "{setting}={value}: {said}");
        assert!(
            said.starts_with(&format!("cannot start: {setting}")),
            "{setting}={value}: {said}"
        );
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_setting_that_is_no_text_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("env");
    let setting = OsStr::from_bytes(b"DATA_DIR=d\xff");
    command.arg(setting).arg(env!("CARGO_BIN_EXE_handler"));
    let ended = Handler::start_as(command, folder.path(), &[], &[])
        .ended()
        .await;
    assert_eq!(ended.code, Some(2));
    let said = ended.stdout.trim_end();
    assert!(
        said.ends_with("cannot start: DATA_DIR is not UTF-8"),
        "{said}"
    );
}

#[tokio::test]
async fn two_spellings_of_a_setting_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("queue_name", "one"), ("QUEUE_NAME", "other")];
    let (code, said) = refused(folder.path(), &settings).await;
    assert_eq!(code, Some(2));
    assert_eq!(
        said,
        "cannot start: queue_name is set twice, as QUEUE_NAME and as queue_name, to two values"
    );
}

#[tokio::test]
async fn a_flag_nobody_knows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ended = Handler::start_with(folder.path(), &[], &["--colour"])
        .ended()
        .await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--colour"));
}

#[tokio::test]
async fn under_the_functions_host_storage_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = refused(folder.path(), &[("FUNCTIONS_CUSTOMHANDLER_PORT", "0")]).await;
    assert_eq!(code, Some(2));
    assert!(
        said.starts_with("cannot start: AzureWebJobsStorage is missing"),
        "{said}"
    );
}

#[tokio::test]
async fn a_folder_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let setting = ("DATA_DIR", data.to_str().unwrap());
    let first = Serving::start_with(folder.path(), &[setting]);
    let (code, said) = refused(folder.path(), &[setting, ANY_PORT]).await;
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        format!(
            "another handler uses the data folder {}: stop it, or give this one a folder of its own",
            data.display()
        )
    );
    assert_eq!(first.client.get("/api/health").await.status, 200);
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), "mine").unwrap();
    let (code, said) = refused(folder.path(), &[ANY_PORT]).await;
    assert_eq!(code, Some(1));
    assert_eq!(
        said,
        "the data folder ./data is not a folder: name another one"
    );
    let left = std::fs::read(folder.path().join("data")).unwrap();
    assert_eq!(left, b"mine");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/tasks.db");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "mine ".repeat(1_000)).unwrap();
    let (code, said) = refused(folder.path(), &[ANY_PORT]).await;
    assert_eq!(code, Some(1));
    assert!(said.starts_with("./data/tasks.db is damaged"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap().len(), 5_000);
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = refused(folder.path(), &[("BIND_ADDRESS", &address)]).await;
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with(&format!("cannot listen on {address}: ")),
        "{said}"
    );
}

#[tokio::test]
async fn a_defect_at_the_start_says_what_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    // Too few files for a runtime, which the crate that makes it takes for a defect.
    let script = r#"ulimit -n 5; exec "$0" "$@""#;
    command.args(["-c", script, env!("CARGO_BIN_EXE_handler")]);
    let ended = Handler::start_as(command, folder.path(), &[ANY_PORT], &[])
        .ended()
        .await;
    assert_eq!(ended.code, Some(101));
    assert_eq!(ended.stderr, "");
    let (_, said) = ended.stdout.split_once(" ERROR a defect at ").unwrap();
    let (place, text) = said.split_once(" broke off what was under way: ").unwrap();
    assert!(place.contains(".rs:"), "{place}");
    assert!(text.contains("Too many open files"), "{text}");
}
