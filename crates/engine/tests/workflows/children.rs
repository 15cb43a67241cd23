//! Workflows that are steps of others: how they begin.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use work::workflow::{Flow, Workflow, callee};
use work::{Failure, any};

use super::bench::{Bench, PATIENCE};
use super::steps::{Blocks, Lasts, at_once, with};

/// A first step that lasts, on a thread of its own or as a future.
struct Slow;

impl Workflow for Slow {
    type Input = String;
    type Output = u64;

    async fn run(&self, flow: Flow, kind: String) -> Result<u64, Failure> {
        Ok(flow.call(callee::named(&kind), &2_500_u64).await?)
    }
}

struct OfSlow;

impl Workflow for OfSlow {
    type Input = Vec<String>;
    type Output = Vec<u64>;

    async fn run(&self, flow: Flow, kinds: Vec<String>) -> Result<Vec<u64>, Failure> {
        let all = flow.all(callee::workflow::<Slow>(), kinds);
        Ok(all.or_first_failure().await?)
    }
}

#[tokio::test]
async fn a_workflow_that_is_a_step_of_another_may_begin_with_a_step_that_lasts() {
    let gate = CancellationToken::new();
    let kinds = with("slow", Slow)
        .with("of-slow", any::of_workflow(OfSlow), at_once())
        .with("lasts", any::of(Lasts(gate.clone())), at_once())
        .with("blocks", any::of_blocking(Blocks(gate.clone())), at_once());
    let bench = Bench::new(kinds);
    let id = bench.start("of-slow", ["lasts", "blocks"]).await;
    let running = async || {
        let all = bench.store.list("0", None, 10).await.unwrap().items;
        let heads = all.iter().filter_map(|listed| listed.head.as_ref());
        heads.filter(|head| head.status == "running").count()
    };
    let show_themselves = async {
        let begun = Instant::now();
        while running().await != 3 && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let running = running().await;
        gate.cancel();
        running
    };
    let (result, running) = tokio::join!(bench.result(id), show_themselves);
    assert_eq!((&*result, running), ("[2500,2500]", 3));
    assert_eq!(bench.messages().await, 0);
}

struct Named;

impl Workflow for Named {
    type Input = String;
    type Output = u64;

    async fn run(&self, flow: Flow, what: String) -> Result<u64, Failure> {
        Ok(flow.call(callee::named("slow"), &what.len()).await?)
    }
}

#[tokio::test]
async fn a_workflow_that_cannot_begin_with_its_input_has_failed_for_whoever_waits_for_it() {
    let kinds = with("slow", Slow).with("named", any::of_workflow(Named), at_once());
    let bench = Bench::new(kinds);
    let id = bench.start("named", "no number").await;
    assert_eq!(bench.failure(id).await.0, "InvalidInput");
    assert_eq!(bench.messages().await, 0);
    // Retried, it has failed for the same reason again, and not because nobody knew its version.
    let all = bench.store.list("0", None, 10).await.unwrap().items;
    let own = all.iter().find(|listed| listed.name != id.to_string());
    let own = own.unwrap().name.parse().unwrap();
    bench.engine.tasks.retry(own).await.unwrap();
    assert_eq!(bench.failure(own).await.0, "InvalidInput");
}
