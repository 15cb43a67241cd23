//! A submission whose message cannot be sent leaves nothing behind.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::{Submission, SubmitError, TaskRecord, Versioned};
use ports::{Clock, Queue, Received, StorageError, Timestamp};

use super::bench::Bench;
use crate::helpers::eventually::eventually;

/// A queue that cannot be reached.
pub(super) struct Unreachable;

fn error() -> StorageError {
    StorageError::transient("reach the queue", "it is away")
}

#[async_trait]
impl Queue for Unreachable {
    async fn prepare(&self) -> Result<(), StorageError> {
        Err(error())
    }

    async fn send(&self, _: &str, _: Duration) -> Result<(), StorageError> {
        Err(error())
    }

    async fn receive(&self, _: u32, _: Duration) -> Result<Vec<Received>, StorageError> {
        Err(error())
    }

    async fn update(&self, _: &str, _: &str, _: Duration) -> Result<Option<String>, StorageError> {
        Err(error())
    }

    async fn delete(&self, _: &str, _: &str) -> Result<bool, StorageError> {
        Err(error())
    }

    async fn length(&self) -> Result<u64, StorageError> {
        Err(error())
    }

    async fn oldest(&self) -> Result<Option<Timestamp>, StorageError> {
        Err(error())
    }
}

#[tokio::test]
async fn a_task_whose_message_cannot_be_sent_is_not_accepted() {
    let bench = Bench::new();
    let tasks = bench.tasks_over(bench.store.clone(), Arc::new(Unreachable));
    let refused = tasks
        .submit(bench.submission("echo", "1"))
        .await
        .unwrap_err();
    assert!(matches!(refused, SubmitError::Storage(cause) if cause.is_transient()));
    // The client does not wait for this.
    eventually("the record's removal", async || {
        let page = bench.store.list("", None, 10).await.unwrap();
        page.items.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_record_that_was_written_by_a_try_without_an_answer_is_removed_as_well() {
    let bench = Bench::new();
    let tasks = bench.tasks_over(bench.store.clone(), Arc::new(Unreachable));
    let submission = bench.submission("echo", "1");
    let Submission {
        id, kind, input, ..
    } = submission.clone();
    let record = TaskRecord::queued(id, kind, input, bench.clock.now());
    let mut task = Versioned { record, etag: None };
    bench.records.commit(&mut task).await.unwrap();

    tasks.submit(submission).await.unwrap_err();

    eventually("the record's removal", async || {
        let page = bench.store.list("", None, 10).await.unwrap();
        page.items.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_task_that_is_refused_leaves_nothing_behind() {
    let bench = Bench::new();
    for (kind, input) in [("nothing", "1"), ("flaky", "1"), ("fibonacci", "{}")] {
        let submission = bench.submission(kind, input);
        bench.tasks.submit(submission).await.unwrap_err();
    }
    let page = bench.store.list("", None, 10).await.unwrap();
    assert!(page.items.is_empty());
    assert_eq!(bench.messages().await, (0, 0));
}
