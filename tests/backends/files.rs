//! What files of kinds promise: one suite for both backends.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use backends::azure::Azure;
use backends::embedded::Embedded;
use bytes::Bytes;
use ports::{FileName, Files, MAX_FILE_BYTES};
use tokio::task::JoinSet;

use crate::helpers::azurite::azurite;
use crate::helpers::clock::ManualClock;
use crate::helpers::eventually::eventually;

/// Files of one backend, of which there are none, shared with no other test.
struct Subject {
    files: Arc<dyn Files>,
    _guard: Box<dyn Any>,
}

fn name(text: &str) -> FileName {
    FileName::try_from(text).unwrap()
}

impl Subject {
    async fn write(&self, file: &str, content: impl Into<Bytes>) {
        self.files.write(&name(file), content.into()).await.unwrap();
    }

    async fn read(&self, file: &str) -> Option<Bytes> {
        self.files.read(&name(file)).await.unwrap()
    }

    async fn delete(&self, file: &str) -> bool {
        self.files.delete(&name(file)).await.unwrap()
    }

    async fn list(&self, folder: &str) -> Vec<String> {
        let names = self.files.list(&name(folder)).await.unwrap();
        names.iter().map(ToString::to_string).collect()
    }
}

async fn a_file_that_was_written_reads_back(subject: &Subject) {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let large = Bytes::from(vec![b'x'; 6_000_000]);
    for (file, content) in [
        ("raw/0.csv", Bytes::from_static(b"a,b\n1,2\n")),
        ("empty", Bytes::new()),
        ("a/b/c/d", all_bytes.into()),
        ("large", large),
        ("a b/c%2F?#+&<>'\"", Bytes::from_static(b"1")),
        ("ä/世界.csv", Bytes::from_static(b"2")),
        ("100%", Bytes::from_static(b"3")),
    ] {
        subject.write(file, content.clone()).await;
        assert!(subject.read(file).await == Some(content), "{file}");
    }
    let listed = subject.list("a b").await;
    assert_eq!(listed, ["a b/c%2F?#+&<>'\""]);
    assert_eq!(subject.list("ä").await, ["ä/世界.csv"]);
}

async fn a_write_replaces_the_whole_file(subject: &Subject) {
    subject.write("a", "a long content").await;
    subject.write("a", "short").await;
    assert_eq!(subject.read("a").await.unwrap(), "short");
    subject.write("a", "").await;
    assert_eq!(subject.read("a").await.unwrap(), "");
}

async fn a_missing_file_is_nothing_to_read_list_or_delete(subject: &Subject) {
    for file in ["a", "raw/0.csv"] {
        assert_eq!(subject.read(file).await, None);
        assert!(!subject.delete(file).await);
        assert_eq!(subject.list(file).await, [""; 0]);
    }
    subject.write("raw/0.csv", "1").await;
    // A folder is no file, a file no folder, and nothing is below a file.
    assert_eq!(subject.read("raw").await, None);
    assert!(!subject.delete("raw").await);
    assert_eq!(subject.list("raw/0.csv").await, [""; 0]);
    assert_eq!(subject.read("raw/0.csv/1").await, None);
    assert!(!subject.delete("raw/0.csv/1").await);
    assert_eq!(subject.read("raw/0.csv").await.unwrap(), "1");
}

async fn a_folder_is_listed_exactly(subject: &Subject) {
    let here = ["raw/0.csv", "raw/1.csv", "raw/10.csv", "raw/2.csv", "raw/é"];
    for file in here.iter().rev() {
        subject.write(file, "1").await;
    }
    for other in [
        "ra/0.csv",
        "raw2/0.csv",
        "raw-old",
        "raw/deep/0.csv",
        "RAW/0.csv",
    ] {
        subject.write(other, "1").await;
    }
    assert_eq!(subject.list("raw").await, here);
    assert_eq!(subject.list("raw/deep").await, ["raw/deep/0.csv"]);
    assert_eq!(subject.list("ra").await, ["ra/0.csv"]);
    assert_eq!(subject.list("r").await, [""; 0]);
}

async fn a_deleted_file_is_gone(subject: &Subject) {
    subject.write("raw/0.csv", "1").await;
    subject.write("raw/1.csv", "1").await;
    assert!(subject.delete("raw/0.csv").await);
    assert!(!subject.delete("raw/0.csv").await);
    assert_eq!(subject.read("raw/0.csv").await, None);
    assert_eq!(subject.list("raw").await, ["raw/1.csv"]);
    assert!(subject.delete("raw/1.csv").await);
    // Its folder is gone with it, and its name is free.
    subject.write("raw", "a file").await;
    assert_eq!(subject.read("raw").await.unwrap(), "a file");
}

/// Each reader sees one of the contents, whole.
async fn one_of_many_concurrent_writes_stays(subject: &Subject) {
    let contents: BTreeSet<_> = (b'a'..=b'h').map(|byte| vec![byte; 300_000]).collect();
    subject
        .write("a/b", contents.first().unwrap().clone())
        .await;
    let mut writing = JoinSet::new();
    for content in contents.clone() {
        let files = Arc::clone(&subject.files);
        writing.spawn(async move { files.write(&name("a/b"), content.into()).await });
    }
    while let Some(written) = writing.join_next().await {
        written.unwrap().unwrap();
        let read = subject.read("a/b").await.unwrap();
        assert!(contents.contains(&*read), "a file of two writers");
    }
}

async fn files_of_one_folder_are_written_and_deleted_side_by_side(subject: &Subject) {
    for _ in 0..5 {
        let mut working = JoinSet::new();
        for number in 0..8 {
            let files = Arc::clone(&subject.files);
            working.spawn(async move {
                let name = name(&format!("a/b/{number}"));
                files.write(&name, "1".into()).await.unwrap();
                assert!(files.delete(&name).await.unwrap());
            });
        }
        working.join_all().await;
    }
    assert_eq!(subject.list("a/b").await, [""; 0]);
}

async fn a_file_that_is_too_large_is_refused_for_good(subject: &Subject) {
    // Somebody else may write one.
    let larger = Bytes::from(vec![0; MAX_FILE_BYTES + 1]);
    // It takes Azurite some time, and longer than a call may beside other tests.
    let larger = (name("larger"), larger);
    eventually("storage takes the file", async || {
        let (name, content) = larger.clone();
        subject.files.write(&name, content).await.ok()
    })
    .await;
    let refused = subject.files.read(&name("larger")).await.unwrap_err();
    assert!(!refused.is_transient());
    let told = "could not read file: the file has more than 67108864 bytes";
    assert_eq!(refused.to_string(), told);
}

/// One test for each behaviour, for a backend.
macro_rules! on {
    ($backend:ident: $($behaviour:ident),+ $(,)?) => {
        mod $backend {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    super::$behaviour(&super::$backend()).await;
                }
            )+
        }
    };
    ($($backend:ident)+) => {$(
        on! { $backend:
            a_file_that_was_written_reads_back,
            a_write_replaces_the_whole_file,
            a_missing_file_is_nothing_to_read_list_or_delete,
            a_folder_is_listed_exactly,
            a_deleted_file_is_gone,
            one_of_many_concurrent_writes_stays,
            files_of_one_folder_are_written_and_deleted_side_by_side,
            a_file_that_is_too_large_is_refused_for_good,
        }
    )+};
}

on! { azurite_files embedded_files }

fn container() -> String {
    format!("f{}", uuid::Uuid::new_v4().simple())
}

/// In the account of the records.
fn azurite_files() -> Subject {
    let azure = Azure::new(&azurite().account(), "no-records").unwrap();
    Subject {
        files: azure.files(&container()),
        _guard: Box::new(()),
    }
}

fn embedded_files() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(folder.path(), Arc::new(ManualClock::new())).unwrap();
    Subject {
        files: embedded.files(),
        _guard: Box::new(folder),
    }
}

#[tokio::test]
async fn an_account_may_have_files_and_nothing_else() {
    let files = Azure::files_of(&azurite().account(), &container()).unwrap();
    let _guard: Box<dyn Any> = Box::new(());
    a_file_that_was_written_reads_back(&Subject { files, _guard }).await;
}
