//! How long work takes, and how long it waits before it begins: told apart.

use std::time::Duration;

use super::bench::Bench;
use crate::helpers::eventually::eventually;

impl Bench {
    /// A figure of the metrics, by the beginning of its line.
    fn figure(&self, name: &str, labels: &str) -> f64 {
        let metrics = self
            .process
            .engine
            .metrics
            .to_prometheus(&Default::default());
        let start = format!("{name}{{{labels}}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {start} in\n{metrics}"))
            .parse()
            .unwrap()
    }
}

const ECHO: &str = r#"kind="echo",status="succeeded""#;
const CANCELED: &str = r#"kind="echo",status="canceled""#;

/// To be in the middle of the work of another.
const A_WHILE: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_task_that_waited_for_a_slot_did_not_work_meanwhile() {
    let bench = Bench::with_slots(1);
    bench.submit("waits", "0").await;
    bench.submit("echo", "1").await;
    let mut page = bench.consumer.receive(2).await.unwrap();
    let (first, second) = (page.remove(0), page.remove(0));
    let meanwhile = async {
        eventually("the slot is taken", async || {
            (bench.kinds.runs() == 1).then_some(())
        })
        .await;
        let others_work = async {
            tokio::time::sleep(A_WHILE).await;
            bench.kinds.open_gate();
        };
        tokio::join!(bench.consumer.process(second), others_work)
    };
    tokio::join!(bench.consumer.process(first), meanwhile);
    let waited = bench.figure("task_wait_seconds_sum", ECHO);
    let worked = bench.figure("task_duration_seconds_sum", ECHO);
    assert!(waited >= A_WHILE.as_secs_f64(), "{waited}");
    assert!(worked < waited / 2.0, "{worked} of {waited}");
}

#[tokio::test]
async fn the_kinds_are_told_without_a_call_to_storage() {
    let bench = Bench::new();
    bench.submit("echo", "1").await;
    bench.deliver().await;
    let asked = bench.calls.all();
    let mut kinds = bench.tasks.kinds();
    let echo = kinds.find(|kind| kind.registered.name.as_str() == "echo");
    assert_eq!(echo.unwrap().seen.accepted, 1);
    assert_eq!(kinds.last().unwrap().registered.name.as_str(), "waits");
    assert_eq!(bench.calls.all(), asked);
}

#[tokio::test]
async fn a_task_that_is_canceled_has_no_duration_and_shortens_no_guess() {
    let bench = Bench::new();
    bench.submit("sleeps", r#"{"milliseconds":1500}"#).await;
    bench.deliver().await;
    let guess = bench.tasks.retry_after("sleeps", None);
    assert!(guess >= 2, "{guess}");
    for _ in 0..10 {
        let id = bench.submit("sleeps", r#"{"milliseconds":1500}"#).await;
        bench.tasks.cancel(id).await.unwrap();
        // Until its message has left, it counts among those that wait.
        bench.deliver().await;
    }
    assert_eq!(bench.tasks.retry_after("sleeps", None), guess);
    let id = bench.submit("echo", "1").await;
    bench.tasks.cancel(id).await.unwrap();
    assert_eq!(bench.figure("tasks_ended_total", CANCELED), 1.0);
    assert_eq!(bench.figure("task_duration_seconds_count", CANCELED), 0.0);
}
