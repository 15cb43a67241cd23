//! Kinds of work that go wrong, wait or last on demand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_request_reply::kinds;
use ports::QueueName;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use work::schemars::JsonSchema;
use work::{
    BackOff, BlockingKind, CancellationToken, Context, ContextParts, Failure, Kind, Kinds, Policy,
    any,
};

use super::gate::{Gate, Runs};

/// The test kinds of one test, and what the test has to do with them. Dropping it opens the gate.
#[derive(Default)]
pub(crate) struct TestKinds {
    gate: Gate,
    runs: Runs,
    deaf_ends: Runs,
    slow: Runs,
    dropped: Runs,
    callbacks: Urls,
}

/// URLs, in the order in which they came.
type Urls = Arc<Mutex<Vec<String>>>;

impl TestKinds {
    /// The standard kinds and all test kinds.
    pub(crate) fn registry(&self, max_number: u64) -> Kinds {
        self.registry_with(max_number, Duration::from_secs(4 * 60 * 60))
    }

    /// The same, of which these have a queue for themselves.
    pub(crate) fn registry_apart(&self, names: &[&str], queue: &QueueName) -> Kinds {
        let registry = self.registry(1_000);
        let kinds = registry.iter().map(|kind| {
            let policy = match names.contains(&kind.name.as_str()) {
                true => kind.policy.clone().queue(queue.as_str()),
                false => kind.policy.clone(),
            };
            (kind.name.as_str(), Arc::clone(&kind.kind), policy)
        });
        kinds.fold(Kinds::default(), |kinds, (name, kind, policy)| {
            kinds.with(name, kind, policy)
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
        kinds::standard(max_number)
            .with("babbles", any::of_blocking(Babbles), Policy::default())
            .with(
                "breeds",
                any::of(Breeds(self.runs.clone())),
                Policy::default(),
            )
            .with("brief", any::of_blocking(Flaky), brief)
            .with("bulk", any::of_blocking(Bulk), Policy::default())
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

impl Drop for TestKinds {
    fn drop(&mut self) {
        // The runtime waits for its blocking threads.
        self.open_gate();
    }
}

/// Leaves its work to others, from 10 percent on.
struct HandsOver(Urls);

impl Kind for HandsOver {
    type Input = Value;
    type Output = Value;

    async fn run(&self, _: Value, cx: &Context) -> Result<Value, Failure> {
        let callback = cx.callback().expect("tests have a key");
        self.0.lock().unwrap().push(callback.url().to_owned());
        cx.report_percent(10);
        Err(cx.hand_over())
    }
}

/// Gives back what it got. Pure, so its task is not looked at before it runs.
struct Echo(Runs);

impl BlockingKind for Echo {
    type Input = Box<RawValue>;
    type Output = Box<RawValue>;

    fn run(&self, input: Self::Input, _: &Context) -> Result<Self::Output, Failure> {
        self.0.add();
        Ok(input)
    }
}

/// Tells how many attempts had begun that [`TestKinds::runs`] counts.
struct Counts(Runs);

impl BlockingKind for Counts {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        Ok(json!(self.0.count()))
    }
}

/// Says that it has come to 40 percent, and goes on when the gate opens or it is told to stop; may
/// last for hours.
struct Waits(Gate, Runs);

impl BlockingKind for Waits {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, cx: &Context) -> Result<Value, Failure> {
        self.1.add();
        cx.report_percent(40);
        while !self.0.wait() {
            cx.check_stop()?;
        }
        Ok(json!({ "waited": true }))
    }
}

/// Goes on when the gate opens, whoever tells it to stop, and may last a second.
struct Deaf(Gate, Runs);

impl BlockingKind for Deaf {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        while !self.0.wait() {}
        self.1.add();
        Ok(json!({}))
    }
}

/// Succeeds after so many failed attempts.
struct Flaky;

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
struct FlakyInput {
    failures: u32,
}

impl BlockingKind for Flaky {
    type Input = FlakyInput;
    type Output = Value;

    fn run(&self, input: FlakyInput, cx: &Context) -> Result<Value, Failure> {
        let number = cx.attempt();
        if number > input.failures {
            return Ok(json!({ "attempt": number }));
        }
        Err(Failure::transient(
            "NotYet",
            format!("attempt {number} failed"),
        ))
    }
}

/// Fails for good at the first attempt.
struct Hopeless;

impl BlockingKind for Hopeless {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        Err(Failure::permanent("NoHope", "there never was any"))
    }
}

/// Fails for good at the first attempt; the next one goes on when the gate opens.
struct Relents(Gate);

impl BlockingKind for Relents {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, cx: &Context) -> Result<Value, Failure> {
        if cx.attempt() == 1 {
            return Err(Failure::permanent("NotYet", "ask again"));
        }
        while !self.0.wait() {
            cx.check_stop()?;
        }
        Ok(json!({ "relented": true }))
    }
}

/// Fails with a code that no header can carry.
struct Babbles;

impl BlockingKind for Babbles {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        Err(Failure::permanent(
            "what a pity\r\nx-forged: 1",
            "it talks too much",
        ))
    }
}

/// Says that it was told to stop, as it would if another attempt had been.
struct Quits;

impl BlockingKind for Quits {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        let stop = CancellationToken::new();
        stop.cancel();
        Context::new(ContextParts {
            stop,
            ..ContextParts::for_test()
        })
        .check_stop()?;
        Ok(json!({}))
    }
}

/// Comes too early so many times, over all its tasks.
struct Later(Runs);

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
struct LaterInput {
    times: usize,
    milliseconds: u64,
}

impl BlockingKind for Later {
    type Input = LaterInput;
    type Output = Value;

    fn run(&self, input: LaterInput, _: &Context) -> Result<Value, Failure> {
        if self.0.add() >= input.times {
            return Ok(json!({}));
        }
        Err(Failure::later(Duration::from_millis(input.milliseconds)))
    }
}

/// Takes its time.
struct Sleeps;

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
struct SleepsInput {
    milliseconds: u64,
}

impl BlockingKind for Sleeps {
    type Input = SleepsInput;
    type Output = Value;

    fn run(&self, input: SleepsInput, _: &Context) -> Result<Value, Failure> {
        std::thread::sleep(Duration::from_millis(input.milliseconds));
        Ok(json!({}))
    }
}

/// Has a defect, on a thread of its own or not.
struct Panics;

impl BlockingKind for Panics {
    type Input = Value;
    type Output = Value;

    fn is_quick(&self, input: &Value) -> bool {
        input == "quick"
    }

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        panic!("the test kind's defect")
    }
}

/// Tells which thread it was on.
struct Threads;

impl BlockingKind for Threads {
    type Input = Value;
    type Output = Value;

    fn is_quick(&self, input: &Value) -> bool {
        input == "quick"
    }

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        Ok(json!(format!("{:?}", std::thread::current().id())))
    }
}

/// Has a result of any size.
struct Bulk;

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
struct BulkInput {
    bytes: usize,
}

impl BlockingKind for Bulk {
    type Input = BulkInput;
    type Output = Value;

    fn run(&self, input: BulkInput, _: &Context) -> Result<Value, Failure> {
        Ok(json!({ "bulk": "x".repeat(input.bytes) }))
    }
}

/// Waits, without a thread, until the gate opens or it is told to stop.
struct Rests(Gate, Runs);

impl Kind for Rests {
    type Input = Value;
    type Output = Value;

    async fn run(&self, _: Value, cx: &Context) -> Result<Value, Failure> {
        self.1.add();
        cx.report_percent(40);
        tokio::select! {
            () = self.0.opened() => Ok(json!({ "rested": true })),
            () = cx.stopped() => {
                cx.check_stop()?;
                Ok(json!({}))
            }
        }
    }
}

/// Waits for ever, whoever tells it to stop, and may last a second.
struct Stubborn(Runs);

impl Kind for Stubborn {
    type Input = Value;
    type Output = Value;

    async fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        struct Dropped(Runs);

        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.add();
            }
        }

        let _dropped = Dropped(self.0.clone());
        std::future::pending().await
    }
}

/// Has a defect after it has waited.
struct Tumbles;

impl Kind for Tumbles {
    type Input = Value;
    type Output = Value;

    async fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        tokio::task::yield_now().await;
        panic!("the test kind's defect")
    }
}

/// Hands in two tasks, and fails the first time after that.
struct Parent(Runs);

impl BlockingKind for Parent {
    type Input = Value;
    type Output = Value;

    fn run(&self, input: Value, cx: &Context) -> Result<Value, Failure> {
        self.0.add();
        let first = cx.submit_blocking("bulk", &json!({ "bytes": cx.attempt() }))?;
        let second = cx.submit_blocking("bulk", &json!({ "bytes": 2 }))?;
        if cx.attempt() == 1 {
            return Err(Failure::transient("NotYet", "once more"));
        }
        Ok(json!({ "children": [first, second], "input": input }))
    }
}

/// The same without a thread of its own; hands in a task of the kind that it is given.
struct Breeds(Runs);

impl Kind for Breeds {
    type Input = String;
    type Output = Value;

    async fn run(&self, kind: String, cx: &Context) -> Result<Value, Failure> {
        self.0.add();
        let first = cx.submit(&kind, &json!({ "bytes": cx.attempt() })).await?;
        let second = cx.submit("bulk", &json!({ "bytes": 2 })).await?;
        if cx.attempt() == 1 {
            return Err(Failure::transient("NotYet", "once more"));
        }
        Ok(json!({ "children": [first, second] }))
    }
}
