//! How many calls to a store that lists by name a page costs: few at first, and then one or two.

use std::time::Duration;

use engine::limits::LIST_KNOWN_FOR;
use engine::{Filter, TaskStatus};

use super::listing::Archive;

const MINUTE: Duration = Duration::from_secs(60);

impl Archive {
    /// Tasks from `begin` ago to `end` ago, so many of them.
    async fn add_many(&self, begin: Duration, end: Duration, tasks: u32) {
        for number in 0..tasks {
            let age = end + (begin - end) * number / tasks;
            self.add(age, "echo", TaskStatus::Succeeded).await;
        }
    }

    /// Asks for the newest, and gives how many came and how many calls it took.
    async fn newest(&self, top: usize) -> (usize, usize) {
        let page = self
            .tasks
            .list(&Filter::default(), top, None)
            .await
            .unwrap();
        (page.tasks.len(), self.store.lists_since())
    }

    async fn assert_newest(&self, top: usize, max_calls: usize) {
        let (tasks, calls) = self.newest(top).await;
        assert_eq!(tasks, top);
        assert!(calls <= max_calls, "{calls} calls for {top}");
    }
}

#[tokio::test]
async fn ten_thousand_tasks_of_the_last_minutes_take_one_or_two_calls_for_a_page() {
    let archive = Archive::in_memory();
    archive.add_many(15 * MINUTE, Duration::ZERO, 10_700).await;
    archive.assert_newest(1, 3).await;
    for top in [1, 10, 100, 1] {
        archive.assert_newest(top, 2).await;
    }
    // While more of them come, at the same pace.
    for _ in 0..10 {
        archive.bench.clock.advance(Duration::from_secs(7));
        archive
            .add_many(Duration::from_secs(7), Duration::ZERO, 84)
            .await;
        archive.assert_newest(1, 2).await;
        archive.assert_newest(100, 3).await;
    }
}

#[tokio::test]
async fn a_few_thousand_tasks_of_any_time_take_one_call() {
    let archive = Archive::in_memory();
    assert_eq!(archive.newest(100).await, (0, 1));
    archive
        .add_many(900 * 24 * 60 * MINUTE, MINUTE, 4_000)
        .await;
    for top in [1, 100, 1_000] {
        archive.assert_newest(top, 1).await;
    }
}

#[tokio::test]
async fn tasks_that_are_sparse_but_many_take_one_or_two_calls() {
    let archive = Archive::in_memory();
    // One an hour.
    archive.add_many(9_000 * 60 * MINUTE, MINUTE, 9_000).await;
    archive.assert_newest(100, 3).await;
    for top in [1, 100, 1_000] {
        archive.assert_newest(top, 2).await;
    }
}

#[tokio::test]
async fn after_a_pause_the_way_to_the_newest_is_remembered() {
    let archive = Archive::in_memory();
    archive.add_many(20 * MINUTE, Duration::ZERO, 12_000).await;
    archive.newest(10).await;
    for pause in [MINUTE, 10 * MINUTE, 8 * 60 * MINUTE, 2 * 24 * 60 * MINUTE] {
        archive.bench.clock.advance(pause);
        archive.assert_newest(10, 8).await;
        for _ in 0..5 {
            archive.bench.clock.advance(Duration::from_secs(5));
            archive.assert_newest(10, 2).await;
        }
    }
}

#[tokio::test]
async fn a_search_that_used_up_its_calls_is_gone_on_with() {
    let archive = Archive::in_memory();
    archive.add_many(60 * MINUTE, Duration::ZERO, 60_000).await;
    archive.bench.clock.advance(8 * 60 * MINUTE);
    let mut pages = 0;
    while archive.newest(10).await.0 < 10 {
        pages += 1;
        assert!(pages <= 3, "{pages} empty pages");
    }
    for _ in 0..5 {
        archive.bench.clock.advance(Duration::from_secs(5));
        archive.assert_newest(10, 2).await;
    }
}

#[tokio::test]
async fn what_was_remembered_hides_no_task() {
    let archive = Archive::in_memory();
    archive.add_many(20 * MINUTE, Duration::ZERO, 12_000).await;
    let pause = 3 * 60 * MINUTE;
    archive.bench.clock.advance(pause);
    archive.newest(10).await;
    let first = async || {
        let page = archive
            .tasks
            .list(&Filter::default(), 1, None)
            .await
            .unwrap();
        page.tasks[0].0.clone()
    };
    // One that is new is listed at once.
    let new = archive
        .add(Duration::ZERO, "echo", TaskStatus::Queued)
        .await;
    assert_eq!(first().await, new);
    archive.bench.clock.advance(pause);
    assert_eq!(first().await, new);
    // One whose record came late, in a time that was known to be quiet, after a while.
    let late = archive.add(60 * MINUTE, "echo", TaskStatus::Queued).await;
    archive.bench.clock.advance(LIST_KNOWN_FOR);
    assert_eq!(first().await, late);
}

#[tokio::test]
async fn few_failures_among_many_successes_are_found_in_pages_that_look_far() {
    let archive = Archive::in_memory();
    let mut failed = Vec::new();
    failed.push(archive.add(31 * MINUTE, "echo", TaskStatus::Failed).await);
    archive.add_many(30 * MINUTE, Duration::ZERO, 60_000).await;
    let filter = Filter {
        status: Some(TaskStatus::Failed),
        ..Filter::default()
    };
    let read = archive.lists(&filter, 100, failed).await;
    assert!(
        read.pages <= 4,
        "{} pages, {} calls",
        read.pages,
        read.calls
    );
}
