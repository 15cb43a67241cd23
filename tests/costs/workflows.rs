//! What workflows ask of a storage account, for each sort of step: over storage in memory, which does one step
//! at a time as Azure does, and without the receives. One of those brings up to 32 messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backends::{Counted, Counts};
use engine::{Engine, NewEvent, Ports, Submission, TaskId, TaskStatus};
use futures_util::future::join_all;
use ports::{Queues, StorageCalls, TaskStore};
use serde_json::Value;
use serde_json::value::RawValue;
use work::workflow::{Flow, Workflow, callee};
use work::{Failure, Kinds, Policy, any};

use crate::ALONE;
use crate::figures::WORKFLOWS;
use crate::helpers::clock::ManualClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::settings;
use crate::helpers::queues;

/// Longer than any timer here.
const LATER: Duration = Duration::from_secs(60);

/// One call after another of a kind that is pure, and quick.
struct Pure;

impl Workflow for Pure {
    type Input = u32;
    type Output = u32;

    async fn run(&self, flow: Flow, steps: u32) -> Result<u32, Failure> {
        let fibonacci = callee::named::<Value, Value>("fibonacci");
        for number in 0..steps {
            let asked = serde_json::json!({ "number": number });
            flow.call(fibonacci.clone(), &asked).await?;
        }
        Ok(steps)
    }
}

/// So many calls side by side of that kind.
struct Quick;

impl Workflow for Quick {
    type Input = u32;
    type Output = usize;

    async fn run(&self, flow: Flow, width: u32) -> Result<usize, Failure> {
        let fibonacci = callee::named::<Value, Value>("fibonacci");
        let asked = (0..width).map(|number| serde_json::json!({ "number": number }));
        let numbers = flow.all(fibonacci, asked.collect());
        Ok(numbers.or_first_failure().await?.len())
    }
}

/// So many children side by side, of three steps each.
struct Children;

impl Workflow for Children {
    type Input = u32;
    type Output = usize;

    async fn run(&self, flow: Flow, width: u32) -> Result<usize, Failure> {
        let chain = callee::named::<Value, Value>("flow-chain");
        let asked = (0..width).map(|_| serde_json::json!({ "number": 3 }));
        let children = flow.all(chain, asked.collect());
        Ok(children.or_first_failure().await?.len())
    }
}

struct Bench {
    engine: Engine,
    counts: Arc<Counts>,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new(kinds: Kinds) -> Self {
        let clock = Arc::new(ManualClock::new());
        let counts = Arc::new(Counts::default());
        let memory = Memory::new(clock.clone());
        let store: Arc<dyn TaskStore> = memory.clone();
        let tallies = memory.tallies();
        let queues: Arc<dyn Queues> = memory;
        let ports = Ports {
            store: Arc::new(Counted::new(store, &counts)),
            tallies: Arc::new(Counted::new(tallies, &counts)),
            queues: Arc::new(Counted::new(queues, &counts)),
            queue: queues::tasks(),
            files: None,
            storage_calls: counts.clone(),
        };
        let kinds = kinds
            .with("pure", any::of_workflow(Pure), Policy::default())
            .with("quick", any::of_workflow(Quick), Policy::default())
            .with("children", any::of_workflow(Children), Policy::default());
        let engine = Engine::new(ports, kinds, clock.clone(), settings(8, true));
        Self {
            engine,
            counts,
            clock,
        }
    }

    /// Runs an instance to its end, with an event if there is one, and gives what was asked for it.
    async fn asked(
        &self,
        kind: &str,
        input: &str,
        event: Option<&str>,
    ) -> Vec<(&'static str, u64)> {
        let before = self.counts.counts();
        let id = self.submit(kind, input).await;
        self.settle().await;
        if let Some(name) = event {
            let event = NewEvent {
                name: name.to_owned(),
                data: json("1"),
            };
            self.engine.workflows.raise(id, event).await.unwrap();
            self.settle().await;
        }
        self.clock.advance(LATER);
        self.settle().await;
        let asked = self.asked_since(&before);
        let task = self.engine.tasks.find(id).await.unwrap().unwrap();
        assert_eq!(
            task.record.status(),
            TaskStatus::Succeeded,
            "{kind} {input}"
        );
        asked
    }

    async fn submit(&self, kind: &str, input: &str) -> TaskId {
        let id = self.engine.tasks.new_id();
        let submission = Submission::new(id, kind, json(input));
        self.engine.tasks.submit(submission).await.unwrap();
        id
    }

    /// Works on all that is in the queues, 32 messages at a time.
    async fn settle(&self) {
        loop {
            let mut is_empty = true;
            for consumer in &self.engine.consumers {
                let page = consumer.receive(32).await.unwrap();
                is_empty &= page.is_empty();
                join_all(page.into_iter().map(|one| consumer.process(one))).await;
            }
            if is_empty {
                return;
            }
        }
    }

    fn asked_since(&self, before: &BTreeMap<&'static str, u64>) -> Vec<(&'static str, u64)> {
        let now = self.counts.counts().into_iter();
        now.map(|(name, count)| (name, count - before[name]))
            .filter(|(name, count)| {
                // What is looked at now and then, whatever there is to do.
                let is_aside = ["receive_messages", "count_messages", "peek_message"];
                *count > 0 && !is_aside.contains(name)
            })
            .collect()
    }
}

fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[tokio::test]
async fn each_sort_of_step_asks_no_more_of_storage_than_it_must() {
    let _alone = ALONE.lock().await;
    let kinds = TestKinds::default();
    let apart = kinds.registry_apart(&["add"], &queues::name("apart"));
    let (here, apart) = (Bench::new(kinds.registry(1_000)), Bench::new(apart));
    let approval = r#"{"number":8,"milliseconds":20000}"#;
    let asked = [
        (
            "3 steps with effects",
            here.asked("flow-chain", r#"{"number":3}"#, None).await,
        ),
        (
            "no step",
            here.asked("flow-chain", r#"{"number":0}"#, None).await,
        ),
        ("20 pure steps", here.asked("pure", "20", None).await),
        (
            "a step elsewhere",
            apart.asked("flow-chain", r#"{"number":1}"#, None).await,
        ),
        (
            "a timer and a step",
            here.asked("flow-approval", approval, None).await,
        ),
        (
            "an event and a step",
            here.asked("flow-approval", approval, Some("approved"))
                .await,
        ),
        (
            "100 members",
            here.asked("flow-fan", r#"{"number":8,"width":100}"#, None)
                .await,
        ),
        (
            "1,000 members",
            here.asked("flow-fan", r#"{"number":8,"width":1000}"#, None)
                .await,
        ),
        ("320 quick members", here.asked("quick", "320", None).await),
        (
            "100 children of 3 steps",
            here.asked("children", "100", None).await,
        ),
    ];
    let figures = WORKFLOWS
        .iter()
        .map(|(name, counts)| (*name, counts.to_vec()));
    assert_eq!(asked.to_vec(), figures.collect::<Vec<_>>());
}
