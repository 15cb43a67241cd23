//! Kinds of work that last: until the gate opens, for a time, or for ever.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use work::schemars::JsonSchema;
use work::{BlockingKind, Context, Failure, Kind};

use crate::helpers::gate::{Gate, Runs};

/// Says that it has come to 40 percent, and goes on when the gate opens or it is told to stop; may
/// last for hours.
pub(super) struct Waits(pub(super) Gate, pub(super) Runs);

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
pub(super) struct Deaf(pub(super) Gate, pub(super) Runs);

impl BlockingKind for Deaf {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        while !self.0.wait() {}
        self.1.add();
        Ok(json!({}))
    }
}

/// Fails for good at the first attempt; the next one goes on when the gate opens.
pub(super) struct Relents(pub(super) Gate);

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

/// Waits, without a thread, until the gate opens or it is told to stop.
pub(super) struct Rests(pub(super) Gate, pub(super) Runs);

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
pub(super) struct Stubborn(pub(super) Runs);

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

/// Takes its time.
pub(super) struct Sleeps;

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub(super) struct SleepsInput {
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

/// Comes too early so many times, over all its tasks.
pub(super) struct Later(pub(super) Runs);

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub(super) struct LaterInput {
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
