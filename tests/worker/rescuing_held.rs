//! Tasks whose message a dead host holds, and tasks whose holder lives.

use std::time::Duration;

use engine::limits::{ALIVE_FOR, FUNCTION_TIMEOUT, SILENT_AT_LIMIT, SWEEP_INTERVAL};
use engine::{Outcome, TaskId, TaskStatus};
use ports::Delivery;

use super::bench::Bench;
use crate::helpers::eventually::eventually;
use crate::helpers::process::Process;

/// So long a host hides what it has taken.
const HOST_LEASE: Duration = FUNCTION_TIMEOUT;

/// A second process, which sweeps, and the deliveries of hosts.
struct Hosts {
    bench: Bench,
    other: Process,
}

impl Hosts {
    fn new() -> Self {
        let bench = Bench::new();
        let other = bench.other_process();
        Self { bench, other }
    }

    /// A task that a host has taken.
    async fn taken(&self, kind: &str) -> TaskId {
        let id = self.bench.submit(kind, "1").await;
        self.bench.clock.advance(Duration::from_secs(1));
        assert_eq!(self.host_takes().await.len(), 1);
        id
    }

    async fn host_takes(&self) -> Vec<Delivery> {
        self.bench.queue.receive(32, HOST_LEASE).await.unwrap()
    }

    async fn sweep(&self) -> usize {
        let swept = self.other.maintenance.sweep_beside_loop().await.unwrap();
        swept.rescued
    }

    /// Sweeps now and then every minute, and gives in which of so many sweeps a task was sent again.
    async fn sweeps(&self, sweeps: usize) -> Vec<usize> {
        let mut rescued = Vec::new();
        for number in 0..sweeps {
            if number > 0 {
                self.bench.clock.advance(SWEEP_INTERVAL);
            }
            rescued.extend(vec![number; self.sweep().await]);
        }
        rescued
    }

    /// Works on what is visible, without waiting for its end.
    async fn receive(&self) -> Delivery {
        let mut page = self.other.consumer.receive(32).await.unwrap();
        assert_eq!(page.len(), 1, "one message should be visible");
        page.remove(0)
    }
}

#[tokio::test]
async fn what_a_dead_host_holds_is_sent_again_after_two_minutes_and_not_run_twice() {
    let hosts = Hosts::new();
    let bench = &hosts.bench;
    let id = hosts.taken("echo").await;
    assert_eq!(hosts.sweeps(6).await, [2]);
    let received = hosts.receive().await;
    assert_eq!(hosts.other.consumer.process(received).await, Outcome::Done);
    assert_eq!(bench.result(id).await, "1");
    assert_eq!(bench.record(id).await.unwrap().attempts, 2);

    // The host's own message comes back.
    assert!(bench.nothing_is_visible().await);
    bench.clock.advance(HOST_LEASE);
    let late = hosts.receive().await;
    assert_eq!(late.dequeue_count, 2);
    assert_eq!(hosts.other.consumer.process(late).await, Outcome::Done);
    assert_eq!((bench.kinds.runs(), hosts.other.ended()), (1, 1));
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn a_running_attempt_without_a_sign_of_life_is_tried_again() {
    let hosts = Hosts::new();
    let id = hosts.taken("echo").await;
    hosts.bench.abandon_running(id, 1).await;
    hosts.bench.clock.advance(Duration::from_secs(1));
    assert_eq!(hosts.sweeps(3).await, [2]);
    let received = hosts.receive().await;
    assert_eq!(hosts.other.consumer.process(received).await, Outcome::Done);
    assert_eq!(hosts.bench.record(id).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_running_attempt_that_shows_that_it_lives_is_left_alone() {
    let hosts = Hosts::new();
    let id = hosts.taken("waits").await;
    for _ in 0..9 {
        hosts.bench.abandon_running(id, 1).await;
        assert_eq!(hosts.sweep().await, 0);
        hosts.bench.clock.advance(SWEEP_INTERVAL);
    }
}

#[tokio::test]
async fn a_task_that_waited_for_long_and_was_just_taken_has_two_minutes_as_well() {
    let hosts = Hosts::new();
    let bench = &hosts.bench;
    bench.submit("echo", "1").await;
    assert!(hosts.sweeps(20).await.is_empty());
    hosts.host_takes().await;
    bench.clock.advance(SWEEP_INTERVAL);
    assert_eq!(hosts.sweeps(3).await, [2]);
}

#[tokio::test]
async fn while_messages_are_visible_nothing_is_known_of_those_that_are_not() {
    let hosts = Hosts::new();
    hosts.taken("echo").await;
    hosts.bench.submit("echo", "2").await;
    assert!(hosts.sweeps(9).await.is_empty());
}

#[tokio::test]
async fn a_kind_with_a_limit_may_be_put_off_for_longer() {
    let hosts = Hosts::new();
    hosts.taken("slow").await;
    let minutes = SILENT_AT_LIMIT.as_secs().div_ceil(60) as usize;
    assert_eq!(hosts.sweeps(minutes + 1).await, [minutes]);
}

#[tokio::test]
async fn a_task_that_waits_for_its_time_is_not_taken_for_silent() {
    let hosts = Hosts::new();
    let bench = &hosts.bench;
    let late = SWEEP_INTERVAL.as_millis() * 30;
    let input = format!(r#"{{"times":1,"milliseconds":{late}}}"#);
    bench.submit("later", &input).await;
    bench.deliver().await;
    assert!(hosts.sweeps(20).await.is_empty());
}

#[tokio::test]
async fn a_message_that_comes_back_leaves_an_attempt_alone_that_lives() {
    let hosts = Hosts::new();
    let bench = &hosts.bench;
    let id = hosts.taken("waits").await;
    assert_eq!(hosts.sweeps(3).await, [2]);
    let consumer = &hosts.other.consumer;
    let second = hosts.receive().await;
    let meanwhile = async {
        eventually("the attempt shows", async || {
            let status = bench.status(id).await;
            (status == Some(TaskStatus::Running)).then_some(())
        })
        .await;
        assert_eq!(bench.record(id).await.unwrap().attempts, 2);
        bench.clock.advance(HOST_LEASE);
        // Its sign, by the clock that has just moved.
        bench.abandon_running(id, 2).await;
        let page = bench.queue.receive(32, Duration::from_secs(1)).await;
        let page = page.unwrap();
        let late = page.iter().find(|late| late.text.contains("input"));
        let late = late.unwrap().clone();
        let outcome = consumer.process(late).await;
        let Outcome::Again { after, .. } = outcome else {
            panic!("it is put off: {outcome:?}");
        };
        assert_eq!((after, bench.kinds.runs()), (ALIVE_FOR, 1));
        bench.kinds.open_gate();
    };
    let (outcome, ()) = tokio::join!(consumer.process(second), meanwhile);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(bench.status(id).await, Some(TaskStatus::Succeeded));
    bench.clock.advance(ALIVE_FOR);
    for left in consumer.receive(32).await.unwrap() {
        assert_eq!(consumer.process(left).await, Outcome::Done);
    }
    assert_eq!((bench.kinds.runs(), hosts.other.ended()), (1, 1));
    assert_eq!(bench.messages().await, (0, 0));
}

#[tokio::test]
async fn an_attempt_that_was_broken_off_is_followed_by_the_next_at_once() {
    let hosts = Hosts::new();
    let bench = &hosts.bench;
    let id = hosts.taken("echo").await;
    bench.clock.advance(HOST_LEASE);
    bench.abandon_running(id, 1).await;
    let again = hosts.receive().await;
    assert_eq!(hosts.other.consumer.process(again).await, Outcome::Done);
    assert_eq!(bench.record(id).await.unwrap().attempts, 2);
}
