//! When a task was submitted: told once, and the same for good.

use std::time::Duration;

use engine::{Operated, TaskId, TaskStatus};
use ports::{Clock, Timestamp};

use super::bench::Bench;

/// An id of another program, which tells no time.
const ID: &str = "6f1c2b3e-1d2c-4b3a-8f4e-000000000007";

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Bench {
    async fn created_at(&self, id: TaskId) -> Timestamp {
        self.record(id).await.unwrap().created_at
    }
}

#[tokio::test]
async fn a_task_of_another_program_is_as_old_as_its_first_message_however_often_it_is_retried() {
    let bench = Bench::new();
    let id = ID.parse().unwrap();
    let sent_at = bench.clock.now();
    // More than this process takes. The kind is pure, so its record is not read before it begins.
    let text = format!(r#"{{"id":"{ID}","number":1001}}"#);
    bench.queue.send(&text, Duration::ZERO).await.unwrap();
    bench.clock.advance(HOUR);
    for _ in 0..3 {
        bench.deliver().await;
        assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
        assert_eq!(bench.created_at(id).await, sent_at);
        bench.clock.advance(HOUR);
        let retried = bench.tasks.retry(id).await.unwrap();
        let Operated::Done(retried) = retried else {
            panic!("not retried: {retried:?}");
        };
        assert_eq!(retried.record.created_at, sent_at);
    }
}

#[tokio::test]
async fn a_task_whose_poisoned_message_is_all_there_is_is_as_old_as_that() {
    let bench = Bench::new();
    let sent_at = bench.clock.now();
    let text = format!(r#"{{"id":"{ID}","number":1}}"#);
    bench
        .poison_queue
        .send(&text, Duration::ZERO)
        .await
        .unwrap();
    bench.clock.advance(HOUR);
    bench.maintenance.sweep_beside_loop().await.unwrap();
    assert_eq!(bench.created_at(ID.parse().unwrap()).await, sent_at);
}

#[tokio::test]
async fn a_task_of_ours_is_as_old_as_its_id_from_its_submission_to_its_end() {
    let bench = Bench::new();
    let begun = bench.clock.now();
    let submission = bench.submission("echo", "1");
    let id = submission.id;
    // The client's body came slowly.
    bench.clock.advance(Duration::from_secs(9));
    let accepted = bench.tasks.submit(submission).await.unwrap();
    assert_eq!(accepted.created_at, begun);
    assert_eq!(accepted.updated_at, begun + Duration::from_secs(9));
    bench.deliver().await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
    assert_eq!(bench.created_at(id).await, begun);
}
