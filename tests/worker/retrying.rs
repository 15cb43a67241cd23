//! A retried task against what is left of the round before: deliveries, attempts and poisoned
//! messages that come late change nothing any more.

use std::time::Duration;

use engine::limits::{MAX_ATTEMPTS, VISIBILITY_TIMEOUT};
use engine::{Operated, Outcome, TaskId, TaskStatus};
use ports::Delivery;

use super::bench::{Bench, is_spent};
use crate::helpers::calls::{Call, Moment};
use crate::helpers::eventually::eventually;

impl Bench {
    async fn retry_failed(&self, id: TaskId) {
        let retried = self.tasks.retry(id).await.unwrap();
        assert!(matches!(retried, Operated::Done(_)), "{retried:?}");
    }

    /// Delivers all messages of a task but the last of a round, which it receives.
    async fn last_message(&self) -> Delivery {
        for _ in 1..MAX_ATTEMPTS {
            let Outcome::Again { after, .. } = self.deliver().await else {
                panic!("no other attempt follows");
            };
            self.clock.advance(after);
        }
        self.receive().await
    }

    /// The round that was asked for is a full one, and its attempts are counted on.
    async fn succeeds_at(&self, id: TaskId, attempt: u32) {
        assert_eq!(self.deliver_to_the_end().await, Outcome::Done);
        let expected = format!(r#"{{"attempt":{attempt}}}"#);
        assert_eq!(self.result(id).await, expected);
        assert_eq!(self.ended(), 2);
    }
}

#[tokio::test]
async fn a_late_attempt_of_the_round_before_does_not_fail_a_retried_task() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("flaky", r#"{"failures":8}"#).await;
    let late = bench.last_message().await;
    let write = bench.calls.hold(Call::Replace, Moment::Before);
    let meanwhile = async {
        write.arrived().await;
        bench.clock.advance(VISIBILITY_TIMEOUT);
        assert!(is_spent(&bench.deliver().await));
        bench.retry_failed(id).await;
        write.go_on();
    };
    tokio::join!(other.consumer.process(late), meanwhile);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    bench.succeeds_at(id, 9).await;
}

#[tokio::test]
async fn a_redelivery_of_the_round_before_does_not_fail_a_retried_task() {
    let bench = Bench::new();
    let id = bench.submit("flaky", r#"{"failures":6}"#).await;
    let last = bench.last_message().await;
    let lost = bench.calls.hold(Call::Poison, Moment::Before);
    tokio::select! {
        _ = bench.consumer.process(last) => panic!("it did not die"),
        () = lost.arrived() => {}
    }
    bench.clock.advance(VISIBILITY_TIMEOUT);
    let again = bench.receive().await;
    bench.retry_failed(id).await;
    assert_eq!(bench.consumer.process(again).await, Outcome::Done);
    assert_eq!(bench.record(id).await.unwrap().attempts, 5);
    bench.succeeds_at(id, 7).await;
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_poisoned_message_of_the_round_before_does_not_fail_a_task_that_runs_again() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("waits", "0").await;
    let Delivery { text, .. } = bench.receive().await;
    let poison = async || {
        let sent = bench.poison_queue.send(&text, Duration::ZERO).await;
        sent.unwrap();
        bench.maintenance.sweep_beside_loop().await.unwrap();
    };
    poison().await;
    assert_eq!(bench.status(id).await, Some(TaskStatus::Failed));
    bench.retry_failed(id).await;
    let received = bench.receive().await;
    let swept = async {
        eventually("the task is shown as running", async || {
            (bench.status(id).await == Some(TaskStatus::Running)).then_some(())
        })
        .await;
        // The same message once more: it was not deleted in time.
        poison().await;
        bench.kinds.open_gate();
    };
    let (outcome, ()) = tokio::join!(other.consumer.process(received), swept);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(bench.result(id).await, r#"{"waited":true}"#);
}

#[tokio::test]
async fn a_cancel_that_meets_a_retry_cancels_the_new_round() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("hopeless", "0").await;
    let write = bench.calls.hold(Call::Replace, Moment::Before);
    let meanwhile = async {
        write.arrived().await;
        let received = bench.receive().await;
        other.consumer.process(received).await;
        assert!(matches!(
            other.tasks.retry(id).await.unwrap(),
            Operated::Done(_)
        ));
        write.go_on();
    };
    let (canceled, ()) = tokio::join!(bench.tasks.cancel(id), meanwhile);
    let Operated::Done(task) = canceled.unwrap() else {
        panic!("not canceled");
    };
    assert_eq!(task.record.status(), TaskStatus::Canceled);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
}
