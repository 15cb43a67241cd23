//! Policies of kinds: how often, how long kept, and how many at a time.

use std::time::Duration;

use engine::limits::SHOW_PUT_OFF_AFTER;
use engine::{Outcome, TaskStatus};

use super::bench::{Bench, is_spent};
use super::looping::Looping;
use crate::helpers::eventually::eventually;

#[tokio::test]
async fn a_kind_has_its_own_attempts_and_waits() {
    let bench = Bench::new();
    let id = bench.submit("brief", r#"{"failures": 9}"#).await;
    let Outcome::Again { after, .. } = bench.deliver().await else {
        panic!("a second attempt should follow");
    };
    assert!(after >= Duration::from_millis(750) && after <= Duration::from_millis(1_250));
    bench.clock.advance(after);
    assert!(is_spent(&bench.deliver().await));
    let record = bench.record(id).await.unwrap();
    assert_eq!((record.status(), record.attempts), (TaskStatus::Failed, 2));
}

#[tokio::test]
async fn a_kind_has_its_own_retention() {
    let bench = Bench::new();
    let brief = bench.submit("brief", r#"{"failures": 0}"#).await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    let other = bench.submit("echo", "1").await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    bench.clock.advance(Duration::from_secs(61));
    bench.maintenance.sweep().await.unwrap();
    assert_eq!(bench.status(brief).await, None);
    assert_eq!(bench.status(other).await, Some(TaskStatus::Succeeded));
}

#[tokio::test]
async fn slow_work_of_one_kind_holds_up_no_other() {
    let looping = Looping::new(2);
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(looping.submit("slow").await);
    }
    let mut quick = Vec::new();
    for _ in 0..50 {
        quick.push(looping.submit("echo").await);
    }
    let ended = looping.start();
    eventually("the quick ones have ended", async || {
        (looping.process.ended() == quick.len() as u64).then_some(())
    })
    .await;
    assert_eq!(looping.kinds.slow_runs(), 1);
    looping.kinds.open_gate();
    looping.until_empty().await;
    assert_eq!(looping.kinds.slow_runs(), slow.len());
    for id in slow.into_iter().chain(quick) {
        assert_eq!(looping.status(id).await, TaskStatus::Succeeded);
        assert_eq!(looping.attempts(id).await, 1);
    }
    looping.stop();
    ended.await.unwrap();
}

/// The third of three messages of a kind of which one may run, while the first runs and the second
/// waits in front of it. The third's task has not changed for so long. Gives whether its record was written.
async fn put_off(unchanged: Duration) -> bool {
    let bench = Bench::with_slots(4);
    let third = bench.submit("slow", "3").await;
    bench.clock.advance(unchanged);
    bench.submit("slow", "1").await;
    bench.submit("slow", "2").await;
    let mut page = bench.consumer.receive(3).await.unwrap();
    let message = page.remove(0);
    let before = bench.record(third).await.unwrap().updated_at;
    let (one, other) = (page.remove(0), page.remove(0));
    let is_written = async {
        eventually("one runs", async || {
            (bench.kinds.slow_runs() == 1).then_some(())
        })
        .await;
        let outcome = bench.consumer.process(message).await;
        let Outcome::Again { after, reason, .. } = outcome else {
            panic!("it should be put off: {outcome:?}");
        };
        assert_eq!(reason, "its kind of work is at its limit");
        assert!(after >= Duration::from_millis(750) && after <= Duration::from_millis(1_250));
        let record = bench.record(third).await.unwrap();
        assert_eq!((record.status(), record.attempts), (TaskStatus::Queued, 0));
        bench.kinds.open_gate();
        record.updated_at > before
    };
    let (_, _, is_written) = tokio::join!(
        bench.consumer.process(one),
        bench.consumer.process(other),
        is_written
    );
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(bench.deliver().await, Outcome::Done);
    assert_eq!(bench.record(third).await.unwrap().attempts, 1);
    assert_eq!(bench.messages().await, (0, 0));
    is_written
}

#[tokio::test]
async fn a_message_that_is_put_off_does_not_count_and_costs_no_write() {
    assert!(!put_off(Duration::ZERO).await);
}

#[tokio::test]
async fn a_task_that_is_put_off_for_long_is_not_taken_for_one_without_a_message() {
    assert!(put_off(SHOW_PUT_OFF_AFTER).await);
}

#[tokio::test]
async fn a_result_that_is_too_large_fails_its_task_for_good() {
    let bench = Bench::new();
    let id = bench.submit("bulk", r#"{"bytes": 2000000}"#).await;
    assert_eq!(bench.deliver().await, Outcome::Done);
    let (code, message) = bench.error(id).await;
    assert_eq!(code, "ResultTooLarge");
    assert_eq!(message, "the result is larger than 1048576 bytes");
}
