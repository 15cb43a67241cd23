//! Kinds of work that fail, or have a defect.

use serde::Deserialize;
use serde_json::{Value, json};
use work::schemars::JsonSchema;
use work::{BlockingKind, CancellationToken, Context, ContextParts, Failure, Kind};

/// Succeeds after so many failed attempts.
pub(super) struct Flaky;

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub(super) struct FlakyInput {
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
pub(super) struct Hopeless;

impl BlockingKind for Hopeless {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        Err(Failure::permanent("NoHope", "there never was any"))
    }
}

/// Fails with a code that no header can carry.
pub(super) struct Babbles;

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
pub(super) struct Quits;

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

/// Has a defect, on a thread of its own or not.
pub(super) struct Panics;

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

/// Has a defect after it has waited.
pub(super) struct Tumbles;

impl Kind for Tumbles {
    type Input = Value;
    type Output = Value;

    async fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        tokio::task::yield_now().await;
        panic!("the test kind's defect")
    }
}
