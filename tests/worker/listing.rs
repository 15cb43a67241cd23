//! Listings over many records: every task once, newest first, in few calls.

use std::sync::Arc;
use std::time::Duration;

use engine::limits::LIST_CALLS;
use engine::{Filter, TaskId, TaskStatus, Tasks};
use ports::{Clock, Document, Head, TaskStore, Timestamp};

use super::bench::Bench;
use super::counting::Counting;
use crate::helpers::memory::Memory;

/// Tasks over a store that counts.
pub(super) struct Archive {
    pub(super) bench: Bench,
    pub(super) store: Arc<Counting>,
    pub(super) tasks: Tasks,
}

/// What reading all pages of a listing took.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) names: Vec<String>,
    pub(super) pages: usize,
    pub(super) calls: usize,
}

impl Archive {
    pub(super) fn new() -> Self {
        let bench = Bench::new();
        let store = bench.store.clone();
        Self::over(bench, store)
    }

    /// Where tens of thousands of records are written in a moment.
    pub(super) fn in_memory() -> Self {
        let bench = Bench::new();
        let store = Memory::new(bench.clock.clone());
        Self::over(bench, store)
    }

    fn over(bench: Bench, store: Arc<dyn TaskStore>) -> Self {
        let store = Arc::new(Counting::new(store));
        let tasks = bench.tasks_over(store.clone());
        Self {
            bench,
            store,
            tasks,
        }
    }

    /// A record that was made this long ago; gives its name.
    pub(super) async fn add(&self, age: Duration, kind: &str, status: TaskStatus) -> String {
        let at: Timestamp = self.bench.clock.now() - age;
        let name = TaskId::new(at).to_string();
        let head = Head {
            kind: kind.to_owned(),
            status: status.as_str().to_owned(),
            created_at: at,
            updated_at: at,
            attempts: 1,
            further: None,
            error: None,
        };
        let body = "{}".into();
        let document = Document { head, body };
        self.store.create(&name, &document).await.unwrap().unwrap();
        name
    }

    async fn read(&self, filter: &Filter, top: usize) -> Read {
        let mut read = Read::default();
        let mut before = None;
        loop {
            let page = self.tasks.list(filter, top, before.as_deref()).await;
            let page = page.unwrap();
            let calls = self.store.lists_since();
            assert!(calls <= LIST_CALLS, "{calls} calls");
            assert!(page.tasks.len() <= top);
            read.names
                .extend(page.tasks.into_iter().map(|(name, _)| name));
            read.pages += 1;
            read.calls += calls;
            match page.next {
                Some(next) => before = Some(next),
                None => return read,
            }
        }
    }

    /// Checks that a listing is these names, newest first.
    pub(super) async fn lists(
        &self,
        filter: &Filter,
        top: usize,
        mut expected: Vec<String>,
    ) -> Read {
        expected.sort_by(|one, other| other.cmp(one));
        let read = self.read(filter, top).await;
        let (pages, calls) = (read.pages, read.calls);
        assert_eq!(
            read.names.len(),
            expected.len(),
            "{pages} pages, {calls} calls"
        );
        assert!(read.names == expected, "not the expected order");
        read
    }
}

#[tokio::test]
async fn thirty_thousand_tasks_are_listed_in_few_calls_for_each_page() {
    let archive = Archive::new();
    let (mut all, mut failed) = (Vec::new(), Vec::new());
    for number in 0..30_000_u64 {
        let is_failed = number % 5_000 == 17;
        let status = if is_failed {
            TaskStatus::Failed
        } else {
            TaskStatus::Succeeded
        };
        let age = Duration::from_millis(number * 40);
        let name = archive.add(age, "echo", status).await;
        if is_failed {
            failed.push(name.clone());
        }
        all.push(name);
    }
    let everything = Filter::default();
    let read = archive.lists(&everything, 1_000, all.clone()).await;
    assert!(
        read.pages <= 40,
        "{read:?}",
        read = (read.pages, read.calls)
    );

    let only_failed = Filter {
        status: Some(TaskStatus::Failed),
        ..Filter::default()
    };
    // Few of many: short pages that lead on.
    let read = archive.lists(&only_failed, 100, failed).await;
    assert!(read.pages <= 40, "{} pages", read.pages);

    let now = archive.bench.clock.now();
    let of_a_time = Filter {
        created_after: Some(now - Duration::from_secs(600)),
        created_before: Some(now - Duration::from_secs(590)),
        ..Filter::default()
    };
    // 40 ms apart, both ends left out.
    let expected = all[14_751..15_000].to_vec();
    let read = archive.lists(&of_a_time, 1_000, expected).await;
    assert!(read.calls <= LIST_CALLS, "{}", read.calls);
}

#[tokio::test]
async fn tasks_with_long_pauses_between_them_are_found() {
    let archive = Archive::new();
    let mut all = Vec::new();
    let mut age = Duration::from_millis(1);
    // From a millisecond ago to more than 40 years.
    for _ in 0..41 {
        all.push(archive.add(age, "echo", TaskStatus::Succeeded).await);
        age *= 2;
    }
    for top in [1, 3, 1_000] {
        let read = archive.lists(&Filter::default(), top, all.clone()).await;
        assert!(read.pages <= 41 / top + 20, "{top}: {} pages", read.pages);
    }
}

#[tokio::test]
async fn a_burst_after_a_pause_is_listed_once() {
    let archive = Archive::new();
    let mut all = Vec::new();
    for day in 0..3 {
        for number in 0..1_500 {
            let age = Duration::from_secs(day * 24 * 60 * 60) + Duration::from_millis(number);
            all.push(archive.add(age, "echo", TaskStatus::Succeeded).await);
        }
    }
    for top in [100, 1_000] {
        archive.lists(&Filter::default(), top, all.clone()).await;
    }
}

/// Longer than the windows in which sparse tasks are found.
const LONG_AGO: Duration = Duration::from_secs(60 * 24 * 60 * 60);

#[tokio::test]
async fn sparse_tasks_before_a_burst_are_listed_once() {
    let archive = Archive::new();
    for age in 0..1_500 {
        let age = Duration::from_millis(age);
        archive.add(age, "echo", TaskStatus::Succeeded).await;
    }
    let mut sparse = Vec::new();
    for number in 1..=200 {
        let age = LONG_AGO + Duration::from_secs(number * 613);
        sparse.push(archive.add(age, "echo", TaskStatus::Succeeded).await);
    }
    let before_the_burst = Filter {
        created_before: Some(archive.bench.clock.now() - LONG_AGO),
        ..Filter::default()
    };
    for top in [7, 1_000] {
        // The windows of this listing are as narrow as the burst needs.
        let everything = Filter::default();
        archive.tasks.list(&everything, 100, None).await.unwrap();
        archive.lists(&before_the_burst, top, sparse.clone()).await;
    }
}

#[tokio::test]
async fn a_burst_within_a_millisecond_is_listed_whole() {
    let archive = Archive::new();
    let mut all = Vec::new();
    for _ in 0..1_200 {
        all.push(
            archive
                .add(Duration::ZERO, "echo", TaskStatus::Queued)
                .await,
        );
    }
    archive.lists(&Filter::default(), 100, all).await;
}

#[tokio::test]
async fn what_is_no_task_of_ours_is_not_listed() {
    let archive = Archive::new();
    let bench = &archive.bench;
    let id = bench.submit("echo", "1").await;
    let submission = bench.submission("echo", "2");
    let keyed = bench.tasks.submit_once("k", submission).await.unwrap();
    let head = bench
        .store
        .list("", None, 10)
        .await
        .unwrap()
        .items
        .remove(0);
    let document = Document {
        head: head.head.unwrap(),
        body: "theirs".into(),
    };
    for name in ["notes.txt", "6f1c2b3e-1d2c-4b3a-8f4e-000000000007"] {
        bench.store.create(name, &document).await.unwrap().unwrap();
    }
    let expected = vec![id.to_string(), keyed.to_string()];
    archive.lists(&Filter::default(), 10, expected).await;
}

#[tokio::test]
async fn a_task_that_another_program_named_is_listed_where_the_store_can_list_by_time() {
    let bench = Bench::new();
    let earlier = bench.submit("echo", "1").await;
    bench.deliver().await;
    bench.clock.advance(Duration::from_secs(1));
    let named = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";
    let message = format!(r#"{{"id": "{named}", "kind": "hopeless", "input": 0}}"#);
    bench.queue.send(&message, Duration::ZERO).await.unwrap();
    bench.deliver().await;
    bench.clock.advance(Duration::from_secs(1));
    let later = bench.submit("echo", "2").await;
    for (status, expected) in [
        (
            None,
            vec![later.to_string(), named.to_owned(), earlier.to_string()],
        ),
        (Some(TaskStatus::Failed), vec![named.to_owned()]),
    ] {
        let filter = Filter {
            status,
            ..Filter::default()
        };
        let page = bench.tasks.list(&filter, 10, None).await.unwrap();
        let names: Vec<_> = page.tasks.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected, "{status:?}");
    }
}
