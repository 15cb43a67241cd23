//! What the embedded backend promises about the files of kinds, as they are in its folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use backends::embedded::Embedded;
use bytes::Bytes;
use ports::{FileName, Files, MAX_FILE_BYTES, Recovery, StorageError};

use crate::helpers::clock::ManualClock;

fn open(data_dir: &Path) -> Arc<dyn Files> {
    let clock = Arc::new(ManualClock::new());
    Embedded::open(data_dir, clock).unwrap().files()
}

fn name(text: &str) -> FileName {
    FileName::try_from(text).unwrap()
}

async fn write(files: &Arc<dyn Files>, file: &str) -> Result<(), StorageError> {
    files.write(&name(file), "content".into()).await
}

#[tokio::test]
async fn without_a_file_there_is_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path());
    assert!(!folder.path().join("files").exists());

    write(&files, "raw/0.csv").await.unwrap();

    let path = folder.path().join("files/raw/0.csv");
    assert_eq!(fs::read_to_string(path).unwrap(), "content");
}

#[tokio::test]
async fn files_and_folders_are_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path());
    write(&files, "a/b/c").await.unwrap();
    for (path, mode) in [
        ("files", 0o700),
        ("files/a", 0o700),
        ("files/a/b", 0o700),
        ("files/a/b/c", 0o600),
    ] {
        let metadata = fs::metadata(folder.path().join(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
    }
}

#[tokio::test]
async fn files_last_over_a_restart_and_what_was_not_finished_goes() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path());
    write(&files, "raw/0.csv").await.unwrap();
    drop(files);
    let unfinished = folder.path().join("files/.unfinished");
    assert_eq!(fs::read_dir(&unfinished).unwrap().count(), 0);
    fs::write(unfinished.join("half"), "cont").unwrap();

    let files = open(folder.path());
    let read = files.read(&name("raw/0.csv")).await.unwrap();

    assert_eq!(read.unwrap(), "content");
    assert_eq!(fs::read_dir(&unfinished).unwrap().count(), 0);
    assert_eq!(files.list(&name("raw")).await.unwrap(), [name("raw/0.csv")]);
}

#[tokio::test]
async fn a_file_with_the_name_of_a_folder_is_refused_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path());
    write(&files, "raw/0.csv").await.unwrap();
    for file in ["raw", "raw/0.csv/1"] {
        let refused = write(&files, file).await.unwrap_err();
        assert_eq!(refused.recovery, Recovery::Permanent, "{file}: {refused}");
        let told = "a folder has the name of the file, or a file that of its folder";
        assert_eq!(refused.cause, told);
    }
    // Nothing is left of the tries.
    let unfinished = folder.path().join("files/.unfinished");
    assert_eq!(fs::read_dir(unfinished).unwrap().count(), 0);
}

#[tokio::test]
async fn what_others_put_there_is_read_and_listed_if_it_has_a_name_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path());
    write(&files, "raw/0.csv").await.unwrap();
    let raw = folder.path().join("files/raw");
    fs::write(raw.join("1.csv"), "theirs").unwrap();
    fs::write(raw.join(".hidden"), "theirs").unwrap();
    fs::create_dir(raw.join("2.csv")).unwrap();
    let listed = files.list(&name("raw")).await.unwrap();
    assert_eq!(listed, [name("raw/0.csv"), name("raw/1.csv")]);
    assert_eq!(
        files.read(&name("raw/1.csv")).await.unwrap().unwrap(),
        "theirs"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_may_be_made_later() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path());
    let in_the_way = folder.path().join("files");
    fs::write(&in_the_way, "").unwrap();
    assert!(write(&files, "a").await.is_err());
    fs::remove_file(&in_the_way).unwrap();
    write(&files, "a").await.unwrap();
}

#[tokio::test]
async fn the_largest_file_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let files = open(folder.path());
    let largest = Bytes::from(vec![b'x'; MAX_FILE_BYTES]);
    files.write(&name("a"), largest.clone()).await.unwrap();
    assert!(files.read(&name("a")).await.unwrap() == Some(largest));
}
