//! What the embedded store adds to the ports: records by the time they were created.

use std::sync::Arc;
use std::time::Duration;

use backends::embedded::Embedded;
use ports::{Newest, Page, TaskStore, Timestamp, Wanted};
use tempfile::TempDir;
use time::macros::datetime;

use super::record_store::{create, document};
use crate::helpers::clock::ManualClock;

const BEGIN: Timestamp = datetime!(2026-03-01 12:00 UTC);

struct Scene {
    tasks: Arc<dyn TaskStore>,
    _folder: TempDir,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(folder.path(), Arc::new(ManualClock::new())).unwrap();
    Scene {
        tasks: embedded.tasks(),
        _folder: folder,
    }
}

fn wanted(statuses: &[&'static str]) -> Wanted {
    Wanted {
        statuses: statuses.to_vec(),
        kind: None,
        created_after: None,
        created_before: None,
        labels: Vec::new(),
    }
}

impl Scene {
    /// A record of this kind and status that was created so many milliseconds after the begin.
    async fn add(&self, name: &str, milliseconds: u64, kind: &str, status: &str) {
        let mut document = document(status, "1");
        document.head.kind = kind.to_owned();
        document.head.created_at = BEGIN + Duration::from_millis(milliseconds);
        create(&*self.tasks, name, &document).await;
    }

    async fn page(&self, wanted: &Wanted, after: Option<&str>, limit: u32) -> Page {
        match self.tasks.newest(wanted, after, limit).await.unwrap() {
            Newest::Page(page) => page,
            other => panic!("{other:?}"),
        }
    }

    /// The names of all pages.
    async fn names(&self, wanted: &Wanted, limit: u32) -> Vec<String> {
        let mut names = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(wanted, after.as_deref(), limit).await;
            let is_last = page.next.is_none();
            assert!(is_last || page.items.len() == limit as usize);
            names.extend(page.items.into_iter().map(|listed| listed.name));
            after = page.next;
            if is_last {
                return names;
            }
        }
    }
}

#[tokio::test]
async fn the_newest_comes_first_whatever_its_name() {
    let scene = scene();
    scene.add("b", 2, "echo", "queued").await;
    scene.add("z", 1, "echo", "succeeded").await;
    scene.add("a", 3, "other", "failed").await;
    scene.add("m", 3, "echo", "canceled").await;
    scene.add("key", 9, "idempotency-key", "accepted").await;
    let all = wanted(&["queued", "running", "succeeded", "failed", "canceled"]);
    for limit in [1, 2, 3, 4, 100] {
        assert_eq!(scene.names(&all, limit).await, ["m", "a", "b", "z"]);
    }
    for (status, expected) in [
        ("queued", &["b"][..]),
        ("running", &[]),
        ("succeeded", &["z"]),
        ("failed", &["a"]),
        ("canceled", &["m"]),
    ] {
        let names = scene.names(&wanted(&[status]), 1).await;
        assert_eq!(names, expected, "{status}");
    }
    let at = |milliseconds| Some(BEGIN + Duration::from_millis(milliseconds));
    for (filter, expected) in [
        (
            Wanted {
                kind: Some("other".to_owned()),
                ..all.clone()
            },
            &["a"][..],
        ),
        (
            Wanted {
                created_after: at(1),
                ..all.clone()
            },
            &["m", "a", "b"],
        ),
        (
            Wanted {
                created_before: at(3),
                ..all.clone()
            },
            &["b", "z"],
        ),
        (
            Wanted {
                created_after: at(1),
                created_before: at(3),
                ..all.clone()
            },
            &["b"],
        ),
    ] {
        assert_eq!(scene.names(&filter, 100).await, expected, "{filter:?}");
    }
    // Within a millisecond: what was created in it is before.
    let half = Some(BEGIN + Duration::from_micros(2_500));
    let before = Wanted {
        created_before: half,
        ..all.clone()
    };
    assert_eq!(scene.names(&before, 100).await, ["b", "z"]);
    let after = Wanted {
        created_after: half,
        ..all
    };
    assert_eq!(scene.names(&after, 100).await, ["m", "a"]);
}

#[tokio::test]
async fn a_record_that_changes_stays_in_its_place() {
    let scene = scene();
    let first = create(&*scene.tasks, "a", &document("queued", "1")).await;
    scene.add("b", 1, "echo", "queued").await;
    let failed = document("failed", "2");
    scene
        .tasks
        .replace("a", &failed, &first)
        .await
        .unwrap()
        .unwrap();
    let all = wanted(&["queued", "failed"]);
    assert_eq!(scene.names(&all, 9).await, ["b", "a"]);
    assert_eq!(scene.names(&wanted(&["failed"]), 9).await, ["a"]);
    assert!(scene.tasks.delete("a", None).await.unwrap());
    assert_eq!(scene.names(&all, 9).await, ["b"]);
    assert!(scene.names(&wanted(&["failed"]), 9).await.is_empty());
}

#[tokio::test]
async fn a_position_of_another_store_is_not_taken() {
    let scene = scene();
    let name = "01a1fde5-dc8c-728c-86f8-01a2760d7385";
    let newest = scene
        .tasks
        .newest(&wanted(&["queued"]), Some(name), 9)
        .await;
    assert_eq!(newest, Ok(Newest::UnknownPosition));
}

#[tokio::test]
async fn failures_are_a_full_page_among_any_number_of_later_successes() {
    let scene = scene();
    for number in 0..3 {
        scene
            .add(&format!("f{number}"), number, "echo", "failed")
            .await;
    }
    let successes = (0..60_000).map(|number| async move { number });
    let scene = &scene;
    let add = |number: u64| async move {
        scene
            .add(&format!("s{number}"), 10 + number, "echo", "succeeded")
            .await;
    };
    // Many at a time share a commit.
    futures_util::stream::StreamExt::for_each_concurrent(
        futures_util::stream::iter(successes),
        200,
        async |number| add(number.await).await,
    )
    .await;
    let page = scene.page(&wanted(&["failed"]), None, 3).await;
    let names: Vec<_> = page.items.iter().map(|listed| &*listed.name).collect();
    assert_eq!((names, page.next), (vec!["f2", "f1", "f0"], None));
    // What has no index of its own is looked for in a bounded number of records.
    let page = scene.page(&wanted(&["queued"]), None, 3).await;
    assert!(page.items.is_empty());
    let next = page.next.expect("there are more records");
    assert_eq!(
        scene.page(&wanted(&["queued"]), Some(&next), 3).await,
        Page::default()
    );
}
