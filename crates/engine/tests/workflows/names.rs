//! Instances that their clients name, and the codes that open them.

use engine::{Begun, Filter, Submission, TaskId, TaskStatus};
use serde_json::value::to_raw_value;
use work::workflow::{Flow, Workflow, callee};
use work::{Failure, Kinds};

use super::bench::Bench;
use super::dying::Death;
use super::steps::{Inc, with};

struct Chain;

impl Workflow for Chain {
    type Input = u64;
    type Output = u64;

    async fn run(&self, flow: Flow, steps: u64) -> Result<u64, Failure> {
        let mut number = 0;
        for _ in 0..steps {
            number = flow.call(callee::kind::<Inc>(), &number).await?;
        }
        Ok(number)
    }
}

fn kinds() -> Kinds {
    with("chain", Chain)
}

async fn begin(bench: &Bench, name: &str, input: u64) -> Begun {
    let tasks = &bench.engine.tasks;
    let submission = Submission::new(tasks.new_id(), "chain", to_raw_value(&input).unwrap());
    let begun = bench.engine.workflows.begin_named(name, submission).await;
    begun.unwrap()
}

async fn begun(bench: &Bench, name: &str, input: u64) -> TaskId {
    match begin(bench, name, input).await {
        Begun::New(record) => record.id,
        Begun::Runs(record) => panic!("{record:?}"),
    }
}

#[tokio::test]
async fn a_name_is_of_one_instance_that_begins_anew_when_it_has_ended() {
    let bench = Bench::new(kinds());
    let id = begun(&bench, "mine", 1).await;
    assert!(matches!(begin(&bench, "mine", 2).await, Begun::Runs(record) if record.id == id));
    assert_ne!(begun(&bench, "other", 3).await, id);
    assert_eq!(bench.result(id).await, "1");
    assert_eq!(begun(&bench, "mine", 2).await, id);
    let record = bench.record(id).await;
    assert_eq!(record.status(), TaskStatus::Queued);
    let instance = record.instance.unwrap();
    assert_eq!(
        (instance.generation, instance.name.as_deref()),
        (1, Some("mine"))
    );
    assert_eq!(bench.result(id).await, "2");
    bench.settle().await;
    assert_eq!(bench.messages().await, 0);

    // Once it is deleted the name is free.
    bench.engine.tasks.delete(id).await.unwrap();
    assert!(
        bench
            .engine
            .workflows
            .named("mine")
            .await
            .unwrap()
            .is_none()
    );
    bench.engine.workflows.forget_name("mine").await.unwrap();
    assert_ne!(begun(&bench, "mine", 4).await, id);
}

/// A runtime of its own for each process: what one has spawned ends with it.
fn process() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

#[test]
fn whoever_dies_while_a_named_instance_begins_has_lost_nothing() {
    for is_stepwise in [false, true] {
        for (calls, is_done) in (0..8).flat_map(|calls| [(calls, false), (calls, true)]) {
            let death = Death::at(calls, is_done);
            let bench = process().block_on(async {
                let bench = Bench::new(kinds()).dying(kinds(), &death, is_stepwise);
                tokio::select! {
                    () = death.dead.cancelled() => {}
                    _ = begin(&bench, "mine", 3) => {}
                }
                bench
            });
            process().block_on(async {
                let bench = bench.restarted(kinds());
                let begun = begin(&bench, "mine", 3).await;
                let named = bench.engine.workflows.named("mine").await.unwrap();
                let named = named.expect("it is there").record;
                let all = bench
                    .engine
                    .workflows
                    .list(&Filter::default(), 10, None, Some)
                    .await;
                let all = all.unwrap().instances;
                assert_eq!(all.len(), 1, "{calls} {is_done}");
                assert_eq!(all[0].id, named.id);
                // A record without its message is the sweep's, as that of any task.
                if matches!(begun, Begun::New(_)) || bench.messages().await > 0 {
                    assert_eq!(bench.result(named.id).await, "3", "{calls} {is_done}");
                }
            });
        }
    }
}

#[tokio::test]
async fn a_code_is_the_same_in_every_process_and_good_for_one_instance() {
    let bench = Bench::new(kinds());
    let code = bench.engine.workflows.code("mine").await.unwrap();
    let bench = bench.restarted(kinds());
    let workflows = &bench.engine.workflows;
    assert_eq!(workflows.code("mine").await.unwrap(), code);
    assert!(workflows.is_code("mine", &code).await.unwrap());
    for (instance, text) in [
        ("other", &*code),
        ("mine", ""),
        ("mine", &code[1..]),
        ("mine", "not base64url!"),
    ] {
        assert!(
            !workflows.is_code(instance, text).await.unwrap(),
            "{instance} {text}"
        );
    }
    let other_store = Bench::new(kinds());
    assert_ne!(
        other_store.engine.workflows.code("mine").await.unwrap(),
        code
    );
}
