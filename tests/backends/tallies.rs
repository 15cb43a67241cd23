//! What tallies promise.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::Subject;
use super::record_store::{create, document};

/// How many add at once, and how many entries each of them.
const ADDERS: usize = 16;
const ADDS: usize = 50;

async fn entries(subject: &Subject, name: &str) -> Vec<String> {
    let read = subject.tallies.read(name).await.unwrap();
    read.expect("there is the tally")
}

async fn count(subject: &Subject, name: &str) -> Option<u64> {
    subject.tallies.count(name).await.unwrap()
}

async fn add(subject: &Subject, name: &str, entry: &str) -> Option<u64> {
    subject.tallies.add(name, entry).await.unwrap()
}

pub(super) async fn a_tally_is_empty_and_stays_as_it_is_when_it_is_opened_again(subject: &Subject) {
    let open = || subject.tallies.open("x-a-t1.0");
    open().await.unwrap();
    assert_eq!(count(subject, "x-a-t1.0").await, Some(0));
    assert_eq!(entries(subject, "x-a-t1.0").await, [""; 0]);

    assert_eq!(add(subject, "x-a-t1.0", r#"{"m":0}"#).await, Some(1));
    open().await.unwrap();

    assert_eq!(count(subject, "x-a-t1.0").await, Some(1));
    assert_eq!(entries(subject, "x-a-t1.0").await, [r#"{"m":0}"#]);
}

pub(super) async fn entries_come_in_the_order_in_which_they_were_added(subject: &Subject) {
    subject.tallies.open("x-a-t1.0").await.unwrap();
    subject.tallies.open("x-b-t1.0").await.unwrap();
    let large = format!(r#"{{"ok":"{}"}}"#, "x".repeat(64 * 1024 - 9));
    let added = [
        "{}",
        r#"{"m":1,"ok":"é🦀\n\u0000"}"#,
        "\"a line separator: \u{2028}\"",
        "{\"ok\":\r1}",
        "{}",
        &large,
    ];
    for (index, entry) in (1..).zip(added) {
        assert_eq!(add(subject, "x-a-t1.0", entry).await, Some(index));
        assert_eq!(count(subject, "x-a-t1.0").await, Some(index));
        assert_eq!(add(subject, "x-b-t1.0", "1").await, Some(index));
    }
    assert_eq!(entries(subject, "x-a-t1.0").await, added);
    assert_eq!(entries(subject, "x-b-t1.0").await, ["1"; 6]);
}

pub(super) async fn many_add_at_once_and_no_entry_is_lost(subject: &Subject) {
    subject.tallies.open("x-a-t1.0").await.unwrap();
    let mut adders = JoinSet::new();
    for adder in 0..ADDERS {
        let tallies = Arc::clone(&subject.tallies);
        adders.spawn(async move {
            for number in 0..ADDS {
                let entry = format!(r#"{{"m":{}}}"#, adder * ADDS + number);
                let told = tallies.add("x-a-t1.0", &entry).await.unwrap().unwrap();
                assert!(told <= (ADDERS * ADDS) as u64, "{told}");
                // Its own are among them.
                let counted = tallies.count("x-a-t1.0").await.unwrap().unwrap();
                assert!(counted > number as u64 && counted >= told, "{counted}");
            }
        });
    }
    adders.join_all().await;

    assert_eq!(count(subject, "x-a-t1.0").await, Some(800));
    let mut entries = entries(subject, "x-a-t1.0").await;
    let mut expected: Vec<_> = (0..800).map(|m| format!(r#"{{"m":{m}}}"#)).collect();
    entries.sort();
    expected.sort();
    assert_eq!(entries, expected);
}

pub(super) async fn the_last_of_those_who_added_counts_all(subject: &Subject) {
    for round in 0..5 {
        let name = format!("x-a-t{round}.0");
        subject.tallies.open(&name).await.unwrap();
        let mut adders = JoinSet::new();
        for adder in 0..ADDERS {
            let (tallies, name) = (Arc::clone(&subject.tallies), name.clone());
            adders.spawn(async move {
                let entry = format!(r#"{{"m":{adder}}}"#);
                tallies.add(&name, &entry).await.unwrap();
                tallies.count(&name).await.unwrap().unwrap()
            });
        }
        let counts = adders.join_all().await;
        assert_eq!(counts.into_iter().max(), Some(16), "round {round}");
    }
}

pub(super) async fn to_a_tally_that_is_missing_nothing_is_added(subject: &Subject) {
    let tallies = &subject.tallies;
    for _ in 0..2 {
        assert_eq!(tallies.add("x-a-t1.0", "{}").await, Ok(None));
        assert_eq!(tallies.count("x-a-t1.0").await, Ok(None));
        assert_eq!(tallies.read("x-a-t1.0").await, Ok(None));
        tallies.clear("x-a-").await.unwrap();
    }
}

pub(super) async fn tallies_are_cleared_by_what_their_names_begin_with(subject: &Subject) {
    let names = ["x-a-t1.0", "x-a-t1.1", "x-a-t2.0", "x-ab-t1.0", "x-b-t1.0"];
    for name in names {
        subject.tallies.open(name).await.unwrap();
        assert_eq!(add(subject, name, "{}").await, Some(1));
    }
    create(&*subject.tasks, "x-a-d1", &document("queued", "1")).await;

    subject.tallies.clear("x-a-").await.unwrap();

    for (name, left) in names.into_iter().zip([None, None, None, Some(1), Some(1)]) {
        assert_eq!(count(subject, name).await, left, "{name}");
    }
    assert!(subject.tasks.read("x-a-d1").await.unwrap().is_some());
    // One that is made anew is empty.
    subject.tallies.open("x-a-t1.0").await.unwrap();
    assert_eq!(entries(subject, "x-a-t1.0").await, [""; 0]);
    assert_eq!(add(subject, "x-a-t1.0", "{}").await, Some(1));
}

pub(super) async fn a_tally_is_no_record(subject: &Subject) {
    for name in ["a", "x-a-d1"] {
        create(&*subject.tasks, name, &document("queued", "1")).await;
    }
    for name in ["x-a-t1.0", "x-b-t1.0"] {
        subject.tallies.open(name).await.unwrap();
        add(subject, name, "{}").await;
    }
    for (prefix, expected) in [("", &["a", "x-a-d1"][..]), ("x-a-", &["x-a-d1"])] {
        let page = subject.tasks.list(prefix, None, 100).await.unwrap();
        let names: Vec<_> = page.items.into_iter().map(|item| item.name).collect();
        assert_eq!(names, expected, "of {prefix:?}");
    }
}

pub(super) async fn a_listing_of_records_tells_of_tallies_apart(subject: &Subject) {
    let (records, tallies) = (
        ["a", "x-a-d1", "x-a-u1"],
        ["x-a-t1.0", "x-a-t2.0", "x-b-t1.0"],
    );
    create(&*subject.tasks, "a", &document("queued", "1")).await;
    let before = subject.tasks.list("", None, 100).await.unwrap();
    let begun_at = before.items[0].modified_at;
    assert_eq!(before.tallies, []);
    for name in &records[1..] {
        create(&*subject.tasks, name, &document("queued", "1")).await;
    }
    for name in tallies {
        subject.tallies.open(name).await.unwrap();
        add(subject, name, "{}").await;
    }
    for limit in [1, 2, 3, 100] {
        let (mut listed, mut beside) = (Vec::new(), Vec::new());
        let mut after = None;
        loop {
            let page = subject.tasks.list("", after.as_deref(), limit).await;
            let page = page.unwrap();
            assert!(page.items.len() + page.tallies.len() <= limit as usize);
            listed.extend(page.items.into_iter().map(|item| item.name));
            for tally in page.tallies {
                assert!(tally.modified_at >= begun_at, "{tally:?}");
                beside.push(tally.name);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(listed, records, "{limit} at a time");
        assert_eq!(beside, tallies, "{limit} at a time");
    }
    let page = subject.tasks.list("x-a-", None, 100).await.unwrap();
    assert_eq!((page.items.len(), page.tallies.len()), (2, 2));
}
