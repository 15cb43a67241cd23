//! Work that says it was told to stop, and was not; and a cancel that is remembered for too long. The
//! message is all that brings anybody back to the task, so neither may settle it.

use std::time::Duration;

use engine::{Operated, Outcome, TaskId, TaskStatus};

use super::bench::{Bench, is_spent};

#[tokio::test]
async fn work_that_stops_unasked_has_failed_and_is_tried_again() {
    let bench = Bench::new();
    let id = bench.submit("quits", "0").await;
    let outcome = bench.deliver().await;
    let Outcome::Again { after, reason, .. } = outcome else {
        panic!("the message is settled: {outcome:?}");
    };
    assert_eq!(reason, "StoppedUnasked");
    assert_eq!(bench.status(id).await, Some(TaskStatus::Queued));
    assert_eq!(bench.messages().await, (1, 0));

    bench.clock.advance(after);
    assert!(is_spent(&bench.deliver_to_the_end_after(1).await));
    assert_eq!(bench.error(id).await.0, "StoppedUnasked");
}

#[tokio::test]
async fn a_cancel_that_is_remembered_does_not_settle_what_comes_under_the_same_id() {
    let bench = Bench::new();
    let id = bench.submit("waits", "0").await;
    assert!(matches!(
        bench.tasks.cancel(id).await.unwrap(),
        Operated::Done(_)
    ));
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert!(matches!(
        bench.tasks.delete(id).await.unwrap(),
        Operated::Done(_)
    ));

    // Another program uses the id again.
    let text = format!(r#"{{"id":"{id}","kind":"echo","input":1}}"#);
    bench.queue.send(&text, Duration::ZERO).await.unwrap();
    let first = bench.deliver().await;
    assert!(matches!(first, Outcome::Again { .. }), "{first:?}");
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.result(id).await, "1");
    assert_eq!(bench.record(id).await.unwrap().attempts, 1);
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_code_that_is_none_is_not_told_to_clients() {
    let bench = Bench::new();
    let id = bench.submit("babbles", "0").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.error(id).await.0, "InvalidCode");
}

impl Bench {
    /// As [`deliver_to_the_end`](Self::deliver_to_the_end), when so many attempts were made.
    async fn deliver_to_the_end_after(&self, attempts: u32) -> Outcome {
        for _ in attempts + 1..engine::limits::MAX_ATTEMPTS {
            let outcome = self.deliver().await;
            let Outcome::Again { after, .. } = outcome else {
                return outcome;
            };
            self.clock.advance(after);
        }
        self.deliver().await
    }

    async fn submit_later(&self, times: usize, milliseconds: u64) -> TaskId {
        let input = format!(r#"{{"times":{times},"milliseconds":{milliseconds}}}"#);
        self.submit("later", &input).await
    }
}

fn wait_of(outcome: &Outcome) -> Duration {
    match outcome {
        Outcome::Again { after, .. } => *after,
        other => panic!("nothing follows: {other:?}"),
    }
}

#[tokio::test]
async fn work_that_asks_for_another_time_for_ever_fails_in_the_end() {
    let bench = Bench::new();
    let id = bench.submit_later(usize::MAX, 3_600_000).await;
    let mut deliveries = 0;
    loop {
        deliveries += 1;
        match bench.deliver().await {
            Outcome::Again { after, .. } => bench.clock.advance(after),
            outcome => break assert!(is_spent(&outcome), "{outcome:?}"),
        }
    }
    // Once an hour for a day, and then five attempts.
    assert_eq!(deliveries, 25 + 5);
    assert_eq!(bench.error(id).await.0, "NeverReady");
    assert_eq!(bench.record(id).await.unwrap().attempts, 5);
    assert_eq!(bench.messages().await, (0, 1));
}

#[tokio::test]
async fn work_asks_for_a_time_that_comes_and_not_at_once() {
    for (milliseconds, seconds) in [(0, 1), (u64::MAX, 366 * 24 * 60 * 60)] {
        let bench = Bench::new();
        let id = bench.submit_later(1, milliseconds).await;
        let wait = wait_of(&bench.deliver().await);
        assert_eq!(wait, Duration::from_secs(seconds));
        bench.clock.advance(wait);
        assert_eq!(bench.deliver().await, Outcome::Done);
        assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
    }
}
