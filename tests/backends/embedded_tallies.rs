//! What tallies cost on the embedded store, and a fan-out; and what a reopen leaves of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backends::embedded::Embedded;
use ports::{Step, Text, Written};

use super::record_store::{create, document};
use crate::helpers::clock::ManualClock;
use crate::helpers::queues::{self, TestQueues, length};
use crate::helpers::stranger::while_nobody_writes;

fn open(data_dir: &Path) -> Embedded {
    Embedded::open(data_dir, Arc::new(ManualClock::new())).unwrap()
}

#[tokio::test]
async fn entries_outlive_a_reopen() {
    let folder = tempfile::tempdir().unwrap();
    let entries = ["{\"m\":0}", "\"é🦀\""];
    {
        let tallies = open(folder.path()).tallies();
        tallies.open("x-a-t1.0").await.unwrap();
        tallies.open("x-a-t1.1").await.unwrap();
        for entry in entries {
            tallies.add("x-a-t1.0", entry).await.unwrap();
        }
    }

    let tallies = open(folder.path()).tallies();

    assert_eq!(tallies.count("x-a-t1.0").await, Ok(Some(2)));
    assert_eq!(tallies.read("x-a-t1.1").await, Ok(Some(Vec::new())));
    assert_eq!(tallies.add("x-a-t1.0", "3").await, Ok(Some(3)));
    let read = tallies.read("x-a-t1.0").await.unwrap().unwrap();
    assert_eq!(read, [entries[0], entries[1], "3"]);
}

#[tokio::test]
async fn nothing_that_is_done_to_a_tally_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    let tallies = embedded.tallies();
    let known = (embedded.commits(), embedded.syncs());
    for step in 1..=4 {
        match step {
            1 => tallies.open("x-a-t1.0").await.unwrap(),
            4 => tallies.clear("x-a-").await.unwrap(),
            _ => drop(tallies.add("x-a-t1.0", "{}").await.unwrap()),
        }
        let now = (embedded.commits(), embedded.syncs());
        assert_eq!(now, (known.0 + step, known.1), "step {step}");
    }
    tallies.count("x-a-t1.0").await.unwrap();
    tallies.read("x-a-t1.0").await.unwrap();
    assert_eq!(embedded.commits(), known.0 + 4);

    // What is written after it waits, and takes it along.
    create(&*embedded.tasks(), "a", &document("queued", "1")).await;
    assert_eq!(embedded.syncs(), known.1 + 1);
}

#[tokio::test]
async fn those_who_add_at_once_share_their_commits() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    let tallies = embedded.tallies();
    tallies.open("x-a-t1.0").await.unwrap();
    let before = embedded.commits();
    let adders = (0..250).map(|_| {
        let tallies = tallies.clone();
        async move { tallies.add("x-a-t1.0", "{}").await.unwrap() }
    });
    let mut told = while_nobody_writes(folder.path(), adders).await;

    told.sort_unstable();
    let each: Vec<_> = (1..=250).map(Some).collect();
    assert_eq!(told, each);
    // Those that the thread took at once, and the others.
    let commits = embedded.commits() - before;
    assert!(commits <= 2, "{commits}");
}

#[tokio::test]
async fn a_fan_out_is_one_commit_that_waits_once() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = open(folder.path());
    let (document, queue) = (document("running", "1"), queues::tasks());
    let texts: Vec<_> = (0..256).map(|member| member.to_string()).collect();
    let mut steps = vec![Step::Create {
        name: "a",
        document: &document,
    }];
    steps.extend(texts.iter().map(|text| Step::Send {
        queue: &queue,
        text: Text::Fixed(text),
        delay: Duration::ZERO,
        held: false,
    }));
    let before = (embedded.commits(), embedded.syncs());

    let written = embedded.tasks().write(&steps).await.unwrap();

    assert!(matches!(written, Written::Done { .. }), "{written:?}");
    let after = (embedded.commits(), embedded.syncs());
    assert_eq!(after, (before.0 + 1, before.1 + 1));
    assert_eq!(length(&*embedded.queue()).await, 256);
    // All of them or none.
    let written = embedded.tasks().write(&steps).await.unwrap();
    assert_eq!(written, Written::Not { step: 0 });
    assert_eq!(length(&*embedded.queue()).await, 256);
}
