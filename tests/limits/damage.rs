//! A data folder that cannot be written, and a database file that is damaged: a sentence, no panic,
//! and never a start with nothing.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;

use crate::helpers::handler::{Ended, Handler, Serving};

const ANY_PORT: &[&str] = &["--bind-address", "127.0.0.1:0"];

/// Permissions mean nothing to root, so root becomes nobody first. The binary is opened before: nobody
/// may not be let into its folder.
const AS_NOBODY: &str = r#"exec 3<"$0"
test "$(id -u)" = 0 || exec "$0" "$@"
exec setpriv --reuid=65534 --regid=65534 --clear-groups /proc/self/fd/3 "$@""#;

async fn start_as_nobody(folder: &Path) -> Ended {
    let mut command = Command::new("sh");
    command.args(["-c", AS_NOBODY, env!("CARGO_BIN_EXE_handler")]);
    Handler::start_as(command, folder, &[], ANY_PORT)
        .ended()
        .await
}

/// Works on some tasks, and gives the folder, the file and the ids when the process has ended.
async fn with_tasks() -> (tempfile::TempDir, PathBuf, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    let mut ids = Vec::new();
    for _ in 0..20 {
        // A record of some ten pages.
        ids.push(serving.client.run(r#"{"number": 200000}"#).await);
    }
    assert_eq!(serving.stop("TERM").await.code, Some(0));
    let file = folder.path().join("data/tasks.db");
    // A log that was left behind would repair what it holds.
    let connection = Connection::open(&file).unwrap();
    let folded = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    assert_eq!(folded, Ok(0));
    (folder, file, ids)
}

/// Writes rubbish over a part of the file.
fn spoil(file: &Path, from: u64, length: usize) {
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xA5; length]).unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let (folder, file, _) = with_tasks().await;
    let data = file.parent().unwrap();
    for path in [folder.path(), data] {
        fs::set_permissions(path, Permissions::from_mode(0o555)).unwrap();
    }
    let ended = start_as_nobody(folder.path()).await;
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stderr, "");
    assert!(
        ended.stdout.contains(" ERROR cannot write to ./data"),
        "{}",
        ended.stdout
    );
    for path in [folder.path(), data] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_named() {
    let (folder, file, _) = with_tasks().await;
    let data = file.parent().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(data, Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(data.join("tasks.lock"), Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    let ended = start_as_nobody(folder.path()).await;
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stderr, "");
    assert!(
        ended.stdout.contains(" ERROR cannot write to ./data"),
        "{}",
        ended.stdout
    );
}

#[tokio::test]
async fn a_file_that_is_damaged_at_once_is_refused_and_left_alone() {
    for damage in [
        // Cut in the middle of a page.
        |file: &Path, length: u64| {
            let file = OpenOptions::new().write(true).open(file).unwrap();
            file.set_len(length / 2 + 100).unwrap();
        },
        // The schema.
        |file: &Path, _| spoil(file, 100, 3_000),
    ] {
        let (folder, file, _) = with_tasks().await;
        damage(&file, fs::metadata(&file).unwrap().len());
        let before = fs::read(&file).unwrap();
        let ended = Handler::start_with(folder.path(), &[], ANY_PORT)
            .ended()
            .await;
        assert_eq!(ended.code, Some(1), "{}", ended.stdout);
        let sentence = " ERROR ./data/tasks.db is damaged or not a database: restore it";
        assert!(ended.stdout.contains(sentence), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
        assert!(fs::read(&file).unwrap() == before);
    }
}

#[tokio::test]
async fn damage_that_is_found_later_spoils_what_it_hit_and_is_logged() {
    let (folder, file, ids) = with_tasks().await;
    let length = fs::metadata(&file).unwrap().len();
    // Whole pages in the middle, which hold bodies.
    spoil(&file, length / 8192 * 4096, 8 * 4096);
    let serving = Serving::start(folder.path());
    let mut found = [0, 0];
    for id in &ids {
        let reply = serving.client.result(id).await;
        assert!(matches!(reply.status, 200 | 503), "{}", reply.text());
        found[usize::from(reply.status == 503)] += 1;
    }
    assert!(found[0] > 0 && found[1] > 0, "{found:?}");
    let ended = serving.stop("TERM").await;
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stderr, "");
    let sentence = "could not read record: database disk image is malformed";
    assert!(ended.stdout.contains(sentence), "{}", ended.stdout);
}
