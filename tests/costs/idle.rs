//! What a process without a host asks of a storage account, by a clock that goes as fast as nothing
//! is left to do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_request_reply::startup::AZURE_PACE;
use async_request_reply::triggers::{early, standalone};
use backends::{Counted, Counts};
use engine::{
    EarlyStart, Engine, Labels, Ports, Settings, Start, Submission, TaskStatus, Tasks, Wishes,
};
use ports::{Queues, StorageCalls, TaskStore};
use serde_json::value::RawValue;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::ALONE;
use crate::figures::{EARLY_OPERATIONS, IDLE_HOUR, LASTING_WORK, RECEIVES};
use crate::helpers::clock::RuntimeClock;
use crate::helpers::kinds::TestKinds;
use crate::helpers::memory::Memory;
use crate::helpers::process::settings;
use crate::helpers::queues;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Long enough for the loop to look as seldom as it ever does; and in the middle between two looks.
const UNTIL_IDLE: Duration = Duration::from_secs(5 * 60 + 10);

/// A process that shares an account with others, with its loop and its sweeps.
struct Process {
    tasks: Tasks,
    counts: Arc<Counts>,
}

impl Process {
    fn start(kinds: &TestKinds, early_start: EarlyStart) -> Self {
        let clock = Arc::new(RuntimeClock::new());
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
        let kinds = kinds.registry(1_000);
        let settings = Settings {
            early_start,
            ..settings(2, true)
        };
        let engine = Engine::new(ports, kinds, clock, settings);
        if let Some(messages) = engine.early_messages() {
            tokio::task::spawn_local(early::work(engine.clone(), messages));
        }
        tokio::task::spawn_local(standalone::work(engine.clone(), AZURE_PACE));
        tokio::task::spawn_local(standalone::sweep(engine.clone()));
        Self {
            tasks: engine.tasks,
            counts,
        }
    }

    fn asked(&self) -> BTreeMap<&'static str, u64> {
        self.counts.counts()
    }

    /// What was asked of storage since, by name.
    fn asked_since(&self, before: &BTreeMap<&'static str, u64>) -> Vec<(&'static str, u64)> {
        let now = self.asked().into_iter();
        now.map(|(name, count)| (name, count - before[name]))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    fn submission(&self, kind: &str, input: &str) -> Submission {
        Submission::new(
            self.tasks.new_id(),
            kind,
            RawValue::from_string(input.to_owned()).unwrap(),
        )
    }

    /// Submits a task and waits for its end.
    async fn run_a_task(&self) {
        let submission = self.submission("fibonacci", r#"{"number":24}"#);
        let Ok(waiter) = self.tasks.watch(submission.id) else {
            panic!("nobody waits, and this may not");
        };
        self.tasks.submit(submission).await.unwrap();
        let ended = self.tasks.wait(waiter, HOUR).await.unwrap().unwrap();
        assert_eq!(ended.status(), TaskStatus::Succeeded);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_for_its_time_begins_then_in_an_idle_process() {
    let _alone = ALONE.lock().await;
    let kinds = TestKinds::default();
    let idle = async {
        let process = Process::start(&kinds, EarlyStart::Off);
        sleep(UNTIL_IDLE).await;
        let delay = Duration::from_secs(17);
        let submission = Submission {
            wishes: Wishes::new(Start::After(delay), Labels::default()),
            ..process.submission("fibonacci", r#"{"number":24}"#)
        };
        let Ok(waiter) = process.tasks.watch(submission.id) else {
            panic!("nobody waits, and this may not");
        };
        let begun = Instant::now();
        process.tasks.submit(submission).await.unwrap();
        process.tasks.wait(waiter, HOUR).await.unwrap().unwrap();
        let took = begun.elapsed();
        assert!(
            took >= delay && took < delay + Duration::from_secs(1),
            "{took:?}"
        );
    };
    LocalSet::new().run_until(idle).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_hour_costs_few_calls_and_delays_no_task() {
    let _alone = ALONE.lock().await;
    let kinds = TestKinds::default();
    let idle = async {
        let process = Process::start(&kinds, EarlyStart::Off);
        sleep(UNTIL_IDLE).await;
        let before = process.asked();
        sleep(HOUR).await;
        assert_eq!(process.asked_since(&before), IDLE_HOUR);

        let (before, begun) = (process.asked(), Instant::now());
        process.run_a_task().await;
        assert_eq!(
            begun.elapsed(),
            Duration::ZERO,
            "the task did not start at once"
        );
        let asked = process.asked_since(&before);
        assert!(asked.contains(&("receive_messages", RECEIVES)), "{asked:?}");
    };
    LocalSet::new().run_until(idle).await;
}

#[tokio::test(start_paused = true)]
async fn work_that_lasts_costs_its_signs_of_life_and_the_looks_for_them() {
    let _alone = ALONE.lock().await;
    let kinds = TestKinds::default();
    let lasting = async {
        let process = Process::start(&kinds, EarlyStart::Off);
        sleep(UNTIL_IDLE).await;
        let submission = process.submission("rests", "1");
        process.tasks.submit(submission).await.unwrap();
        // Until the loop looks seldom again.
        sleep(Duration::from_secs(70)).await;
        let before = process.asked();
        sleep(Duration::from_secs(5 * 60)).await;
        assert_eq!(process.asked_since(&before), LASTING_WORK);
        kinds.open_gate();
    };
    LocalSet::new().run_until(lasting).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_begins_where_it_was_accepted_is_received_by_nobody() {
    let _alone = ALONE.lock().await;
    let kinds = TestKinds::default();
    let all = EarlyStart::All {
        usual_at_most: None,
    };
    let idle = async {
        let process = Process::start(&kinds, all);
        sleep(UNTIL_IDLE).await;
        for _ in 0..3 {
            let (before, begun) = (process.asked(), Instant::now());
            process.run_a_task().await;
            assert_eq!(begun.elapsed(), Duration::ZERO);
            // The message is deleted after the task has ended.
            sleep(Duration::from_millis(1)).await;
            assert_eq!(process.asked_since(&before), EARLY_OPERATIONS);
        }
    };
    LocalSet::new().run_until(idle).await;
}
