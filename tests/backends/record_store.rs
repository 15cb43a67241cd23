//! What a task store promises about single records.

use std::time::Duration;

use bytes::Bytes;
use ports::{Document, ETag, Head, HeadError, Looked, TaskStore};
use time::macros::datetime;
use tokio::task::JoinSet;

use super::Subject;

/// A record to write, of a fixed kind and time.
pub(super) fn document(status: &str, body: impl Into<Bytes>) -> Document {
    Document {
        head: Head {
            kind: "word-count".to_owned(),
            status: status.to_owned(),
            created_at: datetime!(2026-02-28 23:59:59.123 UTC),
            updated_at: datetime!(2026-03-01 00:00:00.007 UTC),
            attempts: 3,
            further: None,
            error: None,
        },
        body: body.into(),
    }
}

/// Creates a record under a free name.
pub(super) async fn create(tasks: &dyn TaskStore, name: &str, document: &Document) -> ETag {
    let created = tasks.create(name, document).await.unwrap();
    created.expect("the name is free")
}

async fn body(tasks: &dyn TaskStore, name: &str) -> Option<Bytes> {
    tasks.read(name).await.unwrap().map(|stored| stored.body)
}

pub(super) async fn a_store_is_prepared_twice_without_harm(subject: &Subject) {
    let tasks = &*subject.tasks;
    create(tasks, "a", &document("queued", "kept")).await;

    tasks.prepare().await.unwrap();
    tasks.prepare().await.unwrap();

    assert_eq!(body(tasks, "a").await.unwrap(), "kept");
}

pub(super) async fn a_prepared_store_passes_its_check(subject: &Subject) {
    subject.tasks.check().await.unwrap();

    create(&*subject.tasks, "a", &document("queued", "1")).await;

    subject.tasks.check().await.unwrap();
}

pub(super) async fn a_created_record_reads_back(subject: &Subject) {
    let etag = create(&*subject.tasks, "a", &document("queued", "hello")).await;

    let stored = subject.tasks.read("a").await.unwrap().unwrap();

    assert_eq!(stored.body, "hello");
    assert_eq!(stored.etag, etag);
}

pub(super) async fn a_taken_name_is_not_created_again(subject: &Subject) {
    let etag = create(&*subject.tasks, "a", &document("queued", "first")).await;

    let second = subject
        .tasks
        .create("a", &document("running", "second"))
        .await;

    assert_eq!(second, Ok(None));
    let stored = subject.tasks.read("a").await.unwrap().unwrap();
    assert_eq!((stored.body, stored.etag), (Bytes::from("first"), etag));
}

pub(super) async fn one_of_many_concurrent_creates_wins(subject: &Subject) {
    let mut creates = JoinSet::new();
    for n in 0..50 {
        let tasks = subject.tasks.clone();
        creates.spawn(async move {
            let text = format!("body {n}");
            let created = tasks.create("a", &document("queued", text.clone())).await;
            created.unwrap().map(|_| text)
        });
    }

    let winners: Vec<String> = creates.join_all().await.into_iter().flatten().collect();

    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(body(&*subject.tasks, "a").await.unwrap(), winners[0]);
}

pub(super) async fn a_missing_record_is_nothing_to_read_replace_or_delete(subject: &Subject) {
    let tasks = &*subject.tasks;
    let etag = create(tasks, "other", &document("queued", "1")).await;

    assert_eq!(tasks.read("a").await, Ok(None));
    assert_eq!(
        tasks.replace("a", &document("running", "2"), &etag).await,
        Ok(None)
    );
    assert_eq!(tasks.delete("a", Some(&etag)).await, Ok(false));
    assert_eq!(tasks.delete("a", None).await, Ok(false));
    assert_eq!(tasks.read("a").await, Ok(None));
}

pub(super) async fn a_replace_with_the_current_etag_gives_a_new_one(subject: &Subject) {
    let tasks = &*subject.tasks;
    let first = create(tasks, "a", &document("queued", "1")).await;

    let second = tasks.replace("a", &document("running", "2"), &first).await;

    let second = second.unwrap().expect("the etag is current");
    assert_ne!(second, first);
    let stored = tasks.read("a").await.unwrap().unwrap();
    assert_eq!((stored.body, stored.etag), (Bytes::from("2"), second));
}

pub(super) async fn a_replace_with_a_stale_etag_changes_nothing(subject: &Subject) {
    let tasks = &*subject.tasks;
    let first = create(tasks, "a", &document("queued", "1")).await;
    let second = tasks.replace("a", &document("running", "2"), &first).await;
    let second = second.unwrap().unwrap();

    let stale = tasks.replace("a", &document("failed", "3"), &first).await;

    assert_eq!(stale, Ok(None));
    let stored = tasks.read("a").await.unwrap().unwrap();
    assert_eq!((stored.body, stored.etag), (Bytes::from("2"), second));
}

pub(super) async fn one_of_two_concurrent_replaces_wins(subject: &Subject) {
    let tasks = &*subject.tasks;
    let etag = create(tasks, "a", &document("running", "1")).await;
    let (succeeded, canceled) = (document("succeeded", "2"), document("canceled", "3"));

    let (left, right) = tokio::join!(
        tasks.replace("a", &succeeded, &etag),
        tasks.replace("a", &canceled, &etag),
    );

    let expected = match (left.unwrap(), right.unwrap()) {
        (Some(_), None) => "2",
        (None, Some(_)) => "3",
        both => panic!("not one winner: {both:?}"),
    };
    assert_eq!(body(tasks, "a").await.unwrap(), expected);
}

pub(super) async fn a_replace_moves_the_modification_time(subject: &Subject) {
    let tasks = &*subject.tasks;
    let etag = create(tasks, "a", &document("queued", "1")).await;
    let before = tasks.read("a").await.unwrap().unwrap().modified_at;

    // Azure tells it in whole seconds.
    subject.pass_time(Duration::from_millis(1500)).await;
    let replaced = tasks.replace("a", &document("running", "2"), &etag).await;

    assert!(replaced.unwrap().is_some());
    let after = tasks.read("a").await.unwrap().unwrap().modified_at;
    assert!(after > before, "{before} to {after}");
}

pub(super) async fn a_delete_with_a_stale_etag_deletes_nothing(subject: &Subject) {
    let tasks = &*subject.tasks;
    let stale = create(tasks, "a", &document("queued", "1")).await;
    let replaced = tasks.replace("a", &document("running", "2"), &stale).await;
    assert!(replaced.unwrap().is_some());

    assert_eq!(tasks.delete("a", Some(&stale)).await, Ok(false));

    assert_eq!(body(tasks, "a").await.unwrap(), "2");
}

pub(super) async fn a_delete_with_the_current_etag_deletes(subject: &Subject) {
    let tasks = &*subject.tasks;
    let etag = create(tasks, "a", &document("queued", "1")).await;

    assert_eq!(tasks.delete("a", Some(&etag)).await, Ok(true));

    assert_eq!(tasks.read("a").await, Ok(None));
    assert_eq!(tasks.delete("a", Some(&etag)).await, Ok(false));
}

pub(super) async fn a_delete_without_an_etag_deletes(subject: &Subject) {
    let tasks = &*subject.tasks;
    create(tasks, "a", &document("queued", "1")).await;
    create(tasks, "b", &document("queued", "2")).await;

    assert_eq!(tasks.delete("a", None).await, Ok(true));

    assert_eq!(tasks.read("a").await, Ok(None));
    assert_eq!(body(tasks, "b").await.unwrap(), "2");
}

pub(super) async fn an_etag_does_not_outlive_its_record(subject: &Subject) {
    let tasks = &*subject.tasks;
    let old = create(tasks, "a", &document("queued", "same")).await;
    assert_eq!(tasks.delete("a", None).await, Ok(true));
    let new = create(tasks, "a", &document("queued", "same")).await;

    let replaced = tasks.replace("a", &document("failed", "2"), &old).await;

    assert_eq!(replaced, Ok(None));
    assert_eq!(tasks.delete("a", Some(&old)).await, Ok(false));
    assert_eq!(tasks.read("a").await.unwrap().unwrap().etag, new);
}

pub(super) async fn bodies_are_any_bytes_of_any_length(subject: &Subject) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let two_mebibytes = every_byte.repeat(8 * 1024);
    assert_eq!(two_mebibytes.len(), 2 * 1024 * 1024);

    for (name, bytes) in [
        ("empty", Vec::new()),
        ("every-byte", every_byte),
        ("two-mebibytes", two_mebibytes),
    ] {
        let tasks = &*subject.tasks;
        let reversed = Bytes::from_iter(bytes.iter().rev().copied());
        let bytes = Bytes::from(bytes);
        let etag = create(tasks, name, &document("queued", bytes.clone())).await;

        let read = body(tasks, name).await.unwrap();

        // Not `assert_eq!`, which would print all of it.
        assert!(read == bytes, "{name}: {} bytes came back", read.len());

        let mut failed = document("failed", reversed.clone());
        failed.head.error = Some(Box::new(HeadError {
            code: "Late".to_owned(),
            message: "after the body".to_owned(),
        }));
        let replaced = tasks.replace(name, &failed, &etag).await.unwrap();
        assert!(replaced.is_some());
        let read = body(tasks, name).await.unwrap();
        assert!(read == reversed, "{name}: {} bytes came back", read.len());
    }
}

pub(super) async fn of_a_record_that_is_too_large_a_look_gives_what_a_listing_does(
    subject: &Subject,
) {
    let tasks = &*subject.tasks;
    assert_eq!(tasks.look("a", 5).await, Ok(None));
    for body in ["", "12345"] {
        let name = &format!("small-{}", body.len());
        create(tasks, name, &document("succeeded", body)).await;
        let whole = tasks.read(name).await.unwrap().map(Looked::Whole);
        assert_eq!(tasks.look(name, 5).await, Ok(whole));
    }
    let mut failed = document("failed", "123456");
    failed.head.error = Some(Box::new(HeadError {
        code: "TooLate".to_owned(),
        message: "at <noon> & later".to_owned(),
    }));
    create(tasks, "large", &failed).await;
    let listed = tasks.list("large", None, 1).await.unwrap().items.remove(0);
    assert_eq!(listed.head.as_ref(), Some(&failed.head));
    assert_eq!(
        tasks.look("large", 5).await,
        Ok(Some(Looked::Large(listed)))
    );
}
