//! Instances of workflows whose messages are lost: a sweep sends all again that is open, and the instance ends as
//! if nothing had been.

use std::time::Duration;

use engine::limits::{
    LOOK_AFTER_CHILDREN, LOST_AFTER, MEMBERS_IN_RANGE, RANGES_SIDE_BY_SIDE, SWEEP_INTERVAL,
};
use engine::{Swept, TaskId};
use futures_util::future::join_all;

use super::bench::Bench;

const JUST_AFTER: Duration = Duration::from_millis(1);

impl Bench {
    /// Works on what is visible in the queue, until there is nothing.
    pub(super) async fn work_it_all_off(&self) {
        loop {
            let page = self.consumer.receive(32).await.unwrap();
            if page.is_empty() {
                return;
            }
            join_all(page.into_iter().map(|one| self.consumer.process(one))).await;
        }
    }

    async fn sweeps(&self, rescued: usize) {
        let expected = Swept {
            rescued,
            ..Swept::default()
        };
        let swept = self.maintenance.sweep_beside_loop().await.unwrap();
        assert_eq!(swept, expected);
    }

    /// A sweep finds what it has lost, when so much time is over and not before.
    async fn is_rescued_after(&self, after: Duration, id: TaskId) {
        self.lose_messages().await;
        self.clock.advance(after);
        self.sweeps(0).await;
        self.clock.advance(JUST_AFTER);
        self.sweeps(1).await;
        self.work_it_all_off().await;
        let result = self.result(id).await;
        assert!(result.contains(r#""calculation_result":"21""#), "{result}");
        assert_eq!(self.messages().await, (0, 0));
    }
}

#[tokio::test]
async fn an_instance_whose_start_is_lost_begins_all_the_same() {
    let bench = Bench::new();
    let id = bench.submit("flow-chain", r#"{"number":8}"#).await;
    bench.is_rescued_after(LOST_AFTER, id).await;
}

#[tokio::test]
async fn a_step_whose_message_is_lost_is_sent_again() {
    let bench = Bench::new();
    let id = bench.submit("flow-join", r#"{"number":8}"#).await;
    // It does one of two steps itself.
    bench.deliver().await;
    bench.is_rescued_after(LOST_AFTER, id).await;
}

#[tokio::test]
async fn members_whose_messages_are_lost_are_sent_again() {
    let bench = Bench::new();
    let id = bench.submit("flow-fan", r#"{"number":8,"width":9}"#).await;
    bench.deliver().await;
    // Some have ended, and are not done again.
    for _ in 0..4 {
        let mut one = bench.consumer.receive(1).await.unwrap();
        bench.consumer.process(one.remove(0)).await;
    }
    bench.is_rescued_after(LOST_AFTER, id).await;
}

#[tokio::test]
async fn a_large_fan_out_is_not_taken_for_lost_while_it_waits_for_its_turn() {
    let bench = Bench::new();
    let width = RANGES_SIDE_BY_SIDE * (MEMBERS_IN_RANGE + 10);
    let input = format!(r#"{{"number":8,"width":{width}}}"#);
    let id = bench.submit("flow-fan", &input).await;
    bench.deliver().await;
    // Much later than the record was written, whoever gets its ranges sends the first of each, and messages for the
    // rest.
    bench.clock.advance(2 * LOST_AFTER);
    let ranges = bench.consumer.receive(32).await.unwrap();
    assert_eq!(ranges.len(), RANGES_SIDE_BY_SIDE as usize);
    join_all(ranges.into_iter().map(|one| bench.consumer.process(one))).await;
    // The first are done, and the messages of the rest are what the queue has come to.
    for _ in 0..RANGES_SIDE_BY_SIDE * MEMBERS_IN_RANGE {
        let mut one = bench.consumer.receive(1).await.unwrap();
        bench.consumer.process(one.remove(0)).await;
    }
    for _ in 0..30 {
        bench.clock.advance(SWEEP_INTERVAL);
        bench.sweeps(0).await;
    }
    bench.work_it_all_off().await;
    let result = bench.result(id).await;
    assert!(result.contains(r#""calculation_result":"21""#), "{result}");
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_timer_whose_message_is_lost_goes_off_all_the_same() {
    let bench = Bench::new();
    let input = r#"{"number":8,"milliseconds":5000}"#;
    let id = bench.submit("flow-approval", input).await;
    bench.deliver().await;
    let wait = Duration::from_secs(5);
    bench.clock.advance(wait);
    bench.is_rescued_after(LOST_AFTER - wait, id).await;
}

#[tokio::test]
async fn children_whose_messages_are_lost_before_they_began_are_sent_again_within_hours() {
    let bench = Bench::new();
    let id = bench.submit("flow-family", r#"{"number":8}"#).await;
    bench.deliver().await;
    bench.lose_messages().await;
    bench.clock.advance(LOST_AFTER + JUST_AFTER);
    // There is no record of them, and their parent waits, as it does for children that take long.
    bench.sweeps(0).await;
    bench.clock.advance(LOOK_AFTER_CHILDREN * 2);
    bench.sweeps(1).await;
    bench.work_it_all_off().await;
    let result = bench.result(id).await;
    assert!(result.contains(r#""calculation_result":"21""#), "{result}");
}
