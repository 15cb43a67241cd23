//! A rescue against another, against a cancel, and against its own death.

use std::time::Duration;

use engine::limits::LOST_AFTER;
use engine::{Swept, TaskStatus};

use super::bench::Bench;
use crate::helpers::calls::{Call, Held, Moment};

const JUST_AFTER: Duration = Duration::from_millis(1);

#[tokio::test]
async fn of_two_sweeps_at_once_one_sends_a_lost_task_again() {
    let bench = Bench::new();
    let other = bench.other_process();
    let ids = [
        bench.submit("echo", "1").await,
        bench.submit("echo", "2").await,
    ];
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    // Both have the evidence, and the same versions, before either claims.
    let reads = [(); 4].map(|()| bench.calls.hold(Call::Read, Moment::After));
    let go_on = async {
        for read in &reads {
            read.arrived().await;
        }
        reads.iter().for_each(Held::go_on);
    };
    let (one, two, ()) = tokio::join!(
        bench.maintenance.sweep_beside_loop(),
        other.maintenance.sweep_beside_loop(),
        go_on
    );
    assert_eq!(one.unwrap().rescued + two.unwrap().rescued, ids.len());
    assert_eq!(bench.messages().await, (2, 0));
    bench.maintenance.sweep().await.unwrap();
    for id in ids {
        assert_eq!(bench.record(id).await.unwrap().attempts, 1);
    }
}

#[tokio::test]
async fn a_rescue_against_a_cancel_sends_nothing_that_runs() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("waits", "0").await;
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    let claim = bench.calls.hold(Call::Replace, Moment::Before);
    let canceled = async {
        claim.arrived().await;
        bench.tasks.cancel(id).await.unwrap();
        claim.go_on();
    };
    let (swept, ()) = tokio::join!(other.maintenance.sweep_beside_loop(), canceled);
    assert_eq!(swept.unwrap(), Swept::default());
    assert_eq!(bench.status(id).await, Some(TaskStatus::Canceled));
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_sweep_that_died_between_claim_and_message_is_carried_on() {
    let bench = Bench::new();
    let other = bench.other_process();
    let id = bench.submit("echo", "1").await;
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    let send = bench.calls.hold(Call::Send, Moment::Before);
    tokio::select! {
        _ = bench.maintenance.sweep_beside_loop() => panic!("it did not die"),
        () = send.arrived() => {}
    }
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    assert_eq!(other.maintenance.sweep().await.unwrap().drained, 1);
    assert_eq!(bench.result(id).await, "1");
    assert_eq!(bench.messages().await, (0, 0));
}
