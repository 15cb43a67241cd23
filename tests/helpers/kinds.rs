//! Kinds of work that go wrong, wait or last on demand.

use std::time::Duration;

use engine::kinds::{Attempt, Failure, Kind, Kinds};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, Runs};

/// The test kinds of one test, and what the test has to do with them. Dropping it opens the gate.
#[derive(Default)]
pub(crate) struct TestKinds {
    gate: Gate,
    runs: Runs,
    deaf_ends: Runs,
}

impl TestKinds {
    /// The standard kinds and all test kinds.
    pub(crate) fn registry(&self, max_number: u64) -> Kinds {
        Kinds::standard(max_number)
            .with(Babbles)
            .with(Bulk)
            .with(Deaf(self.gate.clone(), self.deaf_ends.clone()))
            .with(Echo(self.runs.clone()))
            .with(Flaky)
            .with(Hopeless)
            .with(Later(self.runs.clone()))
            .with(Panics)
            .with(Quits)
            .with(Relents(self.gate.clone()))
            .with(Sleeps)
            .with(Threads)
            .with(Waits(self.gate.clone(), self.runs.clone()))
    }

    /// Lets every attempt go on that waits, and all later ones.
    pub(crate) fn open_gate(&self) {
        self.gate.open();
    }

    /// How many attempts at `echo`, `later` and `waits` have begun.
    pub(crate) fn runs(&self) -> usize {
        self.runs.count()
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

/// Gives back what it got. Pure, so its task is not looked at before it runs.
struct Echo(Runs);

impl Kind for Echo {
    const NAME: &'static str = "echo";
    const PURE: bool = true;
    type Input = Box<RawValue>;
    type Output = Box<RawValue>;

    fn run(&self, input: Self::Input, _: &Attempt) -> Result<Self::Output, Failure> {
        self.0.add();
        Ok(input)
    }
}

/// Says that it has come to 40 percent, and goes on when the gate opens or it is told to stop; may
/// last for hours.
struct Waits(Gate, Runs);

impl Kind for Waits {
    const NAME: &'static str = "waits";
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, attempt: &Attempt) -> Result<Value, Failure> {
        self.1.add();
        attempt.report_percent(40);
        while !self.0.wait() {
            attempt.check_stop()?;
        }
        Ok(json!({ "waited": true }))
    }

    fn time_limit(&self) -> Duration {
        Duration::from_secs(4 * 60 * 60)
    }
}

/// Goes on when the gate opens, whoever tells it to stop, and may last a second.
struct Deaf(Gate, Runs);

impl Kind for Deaf {
    const NAME: &'static str = "deaf";
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Attempt) -> Result<Value, Failure> {
        while !self.0.wait() {}
        self.1.add();
        Ok(json!({}))
    }

    fn time_limit(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// Succeeds after so many failed attempts.
struct Flaky;

#[derive(Deserialize)]
struct FlakyInput {
    failures: u32,
}

impl Kind for Flaky {
    const NAME: &'static str = "flaky";
    type Input = FlakyInput;
    type Output = Value;

    fn run(&self, input: FlakyInput, attempt: &Attempt) -> Result<Value, Failure> {
        let number = attempt.number();
        if number > input.failures {
            return Ok(json!({ "attempt": number }));
        }
        Err(Failure::Transient {
            code: "NotYet",
            message: format!("attempt {number} failed"),
        })
    }
}

/// Fails for good at the first attempt.
struct Hopeless;

impl Kind for Hopeless {
    const NAME: &'static str = "hopeless";
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Attempt) -> Result<Value, Failure> {
        Err(Failure::Permanent {
            code: "NoHope",
            message: "there never was any".to_owned(),
        })
    }
}

/// Fails for good at the first attempt; the next one goes on when the gate opens.
struct Relents(Gate);

impl Kind for Relents {
    const NAME: &'static str = "relents";
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, attempt: &Attempt) -> Result<Value, Failure> {
        if attempt.number() == 1 {
            return Err(Failure::Permanent {
                code: "NotYet",
                message: "ask again".to_owned(),
            });
        }
        while !self.0.wait() {
            attempt.check_stop()?;
        }
        Ok(json!({ "relented": true }))
    }
}

/// Fails with a code that no header can carry.
struct Babbles;

impl Kind for Babbles {
    const NAME: &'static str = "babbles";
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Attempt) -> Result<Value, Failure> {
        Err(Failure::Permanent {
            code: "what a pity\r\nx-forged: 1",
            message: "it talks too much".to_owned(),
        })
    }
}

/// Says that it was told to stop, as it would if another attempt had been.
struct Quits;

impl Kind for Quits {
    const NAME: &'static str = "quits";
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Attempt) -> Result<Value, Failure> {
        let stop = CancellationToken::new();
        stop.cancel();
        Attempt::new(1, stop).check_stop()?;
        Ok(json!({}))
    }
}

/// Comes too early so many times, over all its tasks.
struct Later(Runs);

#[derive(Deserialize)]
struct LaterInput {
    times: usize,
    milliseconds: u64,
}

impl Kind for Later {
    const NAME: &'static str = "later";
    type Input = LaterInput;
    type Output = Value;

    fn run(&self, input: LaterInput, _: &Attempt) -> Result<Value, Failure> {
        if self.0.add() >= input.times {
            return Ok(json!({}));
        }
        Err(Failure::Later {
            after: Duration::from_millis(input.milliseconds),
        })
    }
}

/// Takes its time.
struct Sleeps;

#[derive(Deserialize)]
struct SleepsInput {
    milliseconds: u64,
}

impl Kind for Sleeps {
    const NAME: &'static str = "sleeps";
    type Input = SleepsInput;
    type Output = Value;

    fn run(&self, input: SleepsInput, _: &Attempt) -> Result<Value, Failure> {
        std::thread::sleep(Duration::from_millis(input.milliseconds));
        Ok(json!({}))
    }
}

/// Has a defect, on a thread of its own or not.
struct Panics;

impl Kind for Panics {
    const NAME: &'static str = "panics";
    type Input = Value;
    type Output = Value;

    fn is_quick(&self, input: &Value) -> bool {
        input == "quick"
    }

    fn run(&self, _: Value, _: &Attempt) -> Result<Value, Failure> {
        panic!("the test kind's defect")
    }
}

/// Tells which thread it was on.
struct Threads;

impl Kind for Threads {
    const NAME: &'static str = "threads";
    type Input = Value;
    type Output = Value;

    fn is_quick(&self, input: &Value) -> bool {
        input == "quick"
    }

    fn run(&self, _: Value, _: &Attempt) -> Result<Value, Failure> {
        Ok(json!(format!("{:?}", std::thread::current().id())))
    }
}

/// Has a result of any size.
struct Bulk;

#[derive(Deserialize)]
struct BulkInput {
    bytes: usize,
}

impl Kind for Bulk {
    const NAME: &'static str = "bulk";
    type Input = BulkInput;
    type Output = Value;

    fn run(&self, input: BulkInput, _: &Attempt) -> Result<Value, Failure> {
        Ok(json!({ "bulk": "x".repeat(input.bytes) }))
    }
}
