//! Kinds of work that go wrong, wait or last on demand.

mod delegating;
mod failing;
mod lasting;
mod results;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_request_reply::kinds;
use engine::NOTICE_KIND;
use ports::QueueName;
use work::{BackOff, Kinds, Policy, any};

use self::delegating::{Breeds, HandsOver, Parent};
use self::failing::{Babbles, Flaky, Hopeless, Panics, Quits, Tumbles};
use self::lasting::{Deaf, Later, Relents, Rests, Sleeps, Stubborn, Waits};
use self::results::{Bulk, Counts, Echo, Threads};
use super::flows;
use super::gate::{Gate, Runs};

/// The test kinds of one test, and what the test has to do with them. Dropping it opens the gate.
#[derive(Default)]
pub(crate) struct TestKinds {
    gate: Gate,
    runs: Runs,
    told: Runs,
    deaf_ends: Runs,
    slow: Runs,
    dropped: Runs,
    callbacks: Urls,
}

const HOURS: Duration = Duration::from_secs(4 * 60 * 60);

/// URLs, in the order in which they came.
type Urls = Arc<Mutex<Vec<String>>>;

impl TestKinds {
    /// The standard kinds and all test kinds.
    pub(crate) fn registry(&self, max_number: u64) -> Kinds {
        self.registry_with(max_number, HOURS)
    }

    /// The same, of which these have a queue for themselves.
    pub(crate) fn registry_apart(&self, names: &[&str], queue: &QueueName) -> Kinds {
        of_names(&self.registry(1_000), names, |policy| {
            policy.queue(queue.as_str())
        })
    }

    /// The same, of which a deaf one may last for hours, too.
    pub(crate) fn registry_for_hours(&self, max_number: u64) -> Kinds {
        of_names(&self.registry(max_number), &["deaf"], |policy| {
            policy.time_limit(HOURS)
        })
    }

    /// The same, of which none outlasts the Functions host.
    pub(crate) fn registry_under_host(&self, max_number: u64) -> Kinds {
        self.registry_with(max_number, Duration::from_secs(60))
    }

    fn registry_with(&self, max_number: u64, longest: Duration) -> Kinds {
        let pure = Policy::default().pure();
        let hours = Policy::default().time_limit(longest);
        let brief = Policy::default()
            .attempts(2)
            .back_off(BackOff {
                first: Duration::from_secs(1),
                factor: 1,
                longest: Duration::from_secs(1),
            })
            .retention(Duration::from_secs(60));
        let second = Policy::default().time_limit(Duration::from_secs(1));
        with_flows(kinds::standard(max_number, Duration::ZERO))
            .with("babbles", any::of_blocking(Babbles), Policy::default())
            .with(
                "breeds",
                any::of(Breeds(self.runs.clone())),
                Policy::default(),
            )
            .with("brief", any::of_blocking(Flaky), brief)
            .with("bulk", any::of_blocking(Bulk), Policy::default())
            .with_internal(
                NOTICE_KIND,
                any::of_blocking(Echo(self.told.clone())),
                Policy::default(),
            )
            .with(
                "counts",
                any::of_blocking(Counts(self.runs.clone())),
                Policy::default(),
            )
            .with(
                "deaf",
                any::of_blocking(Deaf(self.gate.clone(), self.deaf_ends.clone())),
                second.clone(),
            )
            .with("echo", any::of_blocking(Echo(self.runs.clone())), pure)
            .with("flaky", any::of_blocking(Flaky), Policy::default())
            .with(
                "hands_over",
                any::of(HandsOver(self.callbacks.clone())),
                Policy::default(),
            )
            .with("hopeless", any::of_blocking(Hopeless), Policy::default())
            .with(
                "later",
                any::of_blocking(Later(self.runs.clone())),
                Policy::default(),
            )
            .with("panics", any::of_blocking(Panics), Policy::default())
            .with(
                "parent",
                any::of_blocking(Parent(self.runs.clone())),
                Policy::default(),
            )
            .with("quits", any::of_blocking(Quits), Policy::default())
            .with(
                "relents",
                any::of_blocking(Relents(self.gate.clone())),
                Policy::default(),
            )
            .with(
                "rests",
                any::of(Rests(self.gate.clone(), self.runs.clone())),
                Policy::default(),
            )
            .with("sleeps", any::of_blocking(Sleeps), Policy::default())
            .with(
                "slow",
                any::of_blocking(Waits(self.gate.clone(), self.slow.clone())),
                Policy::default().concurrency(1),
            )
            .with("stubborn", any::of(Stubborn(self.dropped.clone())), second)
            .with("threads", any::of_blocking(Threads), Policy::default())
            .with("tumbles", any::of(Tumbles), Policy::default())
            .with(
                "waits",
                any::of_blocking(Waits(self.gate.clone(), self.runs.clone())),
                hours,
            )
    }

    /// Where the last attempt at `hands_over` may be reported.
    pub(crate) fn callback(&self) -> String {
        self.callbacks.lock().unwrap().last().unwrap().clone()
    }

    /// Lets every attempt go on that waits, and all later ones.
    pub(crate) fn open_gate(&self) {
        self.gate.open();
    }

    /// How many attempts at `echo`, `later`, `rests`, `waits` and those that hand in tasks have begun.
    pub(crate) fn runs(&self) -> usize {
        self.runs.count()
    }

    /// How many attempts at `slow`, of which one may run at a time, have begun.
    pub(crate) fn slow_runs(&self) -> usize {
        self.slow.count()
    }

    /// How many attempts at `stubborn` were dropped.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped.count()
    }

    /// How many attempts at `deaf` have come to their end.
    pub(crate) fn deaf_ends(&self) -> usize {
        self.deaf_ends.count()
    }
}

/// The same kinds; those of these names have another policy.
fn of_names(kinds: &Kinds, names: &[&str], change: impl Fn(Policy) -> Policy) -> Kinds {
    kinds.iter().fold(Kinds::default(), |kinds, kind| {
        let policy = match names.contains(&kind.name.as_str()) {
            true => change(kind.policy.clone()),
            false => kind.policy.clone(),
        };
        kinds.with(kind.name.as_str(), Arc::clone(&kind.kind), policy)
    })
}

/// The workflows of the tests, and what they call.
fn with_flows(kinds: Kinds) -> Kinds {
    let policy = Policy::default;
    kinds
        .with("add", any::of(flows::Add), policy())
        .with("flow-approval", any::of_workflow(flows::Approval), policy())
        .with("flow-chain", any::of_workflow(flows::Chain), policy())
        .with("flow-checked", any::of_workflow(flows::Checked), policy())
        .with("flow-family", any::of_workflow(flows::Family), policy())
        .with("flow-fan", any::of_workflow(flows::Fan), policy())
        .with("flow-join", any::of_workflow(flows::Join), policy())
        .with("flow-loop", any::of_workflow(flows::Loop), policy())
}

impl Drop for TestKinds {
    fn drop(&mut self) {
        // The runtime waits for its blocking threads.
        self.open_gate();
    }
}
