//! A submission whose message cannot be sent leaves nothing behind.

use engine::{Submission, SubmitError, TaskRecord, Versioned};
use ports::Clock;

use super::bench::Bench;
use crate::helpers::calls::{Call, Moment};
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn a_task_whose_message_cannot_be_sent_is_not_accepted() {
    let bench = Bench::new();
    bench.calls.fail(Call::Send, Moment::Before);
    let refused = bench
        .tasks
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
    let submission = bench.submission("echo", "1");
    let Submission {
        id, kind, input, ..
    } = submission.clone();
    let record = TaskRecord::queued(id, kind, input, bench.clock.now());
    let mut task = Versioned { record, etag: None };
    bench.records.commit(&mut task).await.unwrap();

    bench.calls.fail(Call::Send, Moment::Before);
    bench.tasks.submit(submission).await.unwrap_err();

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
