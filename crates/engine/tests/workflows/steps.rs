//! The kinds that the workflows of these tests call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use work::workflow::Workflow;
use work::{BackOff, BlockingKind, Context, Failure, Kind, Kinds, Policy, any};

/// One more.
pub struct Inc;

impl Kind for Inc {
    type Input = u64;
    type Output = u64;

    async fn run(&self, number: u64, _: &Context) -> Result<u64, Failure> {
        Ok(number + 1)
    }
}

/// Twice as many, in no time.
pub struct Double;

impl BlockingKind for Double {
    type Input = u64;
    type Output = u64;

    fn is_quick(&self, _: &u64) -> bool {
        true
    }

    fn run(&self, number: u64, _: &Context) -> Result<u64, Failure> {
        Ok(number * 2)
    }
}

/// Fails, as it is told to: `"for good"`, or anything else for a while.
pub struct Boom;

impl Kind for Boom {
    type Input = String;
    type Output = String;

    async fn run(&self, how: String, _: &Context) -> Result<String, Failure> {
        match &*how {
            "for good" => Err(Failure::permanent("Boom", "boom")),
            _ => Err(Failure::transient("NotNow", "not now")),
        }
    }
}

/// Fails so many times, and counts.
#[derive(Clone, Default)]
pub struct Flaky {
    pub failures: u32,
    pub runs: Arc<AtomicU32>,
}

impl Kind for Flaky {
    type Input = String;
    type Output = u32;

    async fn run(&self, _: String, _: &Context) -> Result<u32, Failure> {
        let run = self.runs.fetch_add(1, Relaxed) + 1;
        match run > self.failures {
            true => Ok(run),
            false => Err(Failure::transient("NotYet", "not yet")),
        }
    }
}

/// Gives its input back when this is cancelled.
pub struct Lasts(pub CancellationToken);

impl Kind for Lasts {
    type Input = u64;
    type Output = u64;

    async fn run(&self, number: u64, _: &Context) -> Result<u64, Failure> {
        self.0.cancelled().await;
        Ok(number)
    }
}

/// The same, on a thread.
pub struct Blocks(pub CancellationToken);

impl BlockingKind for Blocks {
    type Input = u64;
    type Output = u64;

    fn run(&self, number: u64, cx: &Context) -> Result<u64, Failure> {
        while !self.0.is_cancelled() {
            cx.check_stop()?;
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(number)
    }
}

/// Asks for another time, in an hour.
pub struct NotYet;

impl Kind for NotYet {
    type Input = u64;
    type Output = u64;

    async fn run(&self, _: u64, _: &Context) -> Result<u64, Failure> {
        Err(Failure::later(Duration::from_secs(3_600)))
    }
}

/// Tries again at once.
pub fn at_once() -> Policy {
    let moment = Duration::from_millis(1);
    Policy::default().back_off(BackOff {
        first: moment,
        factor: 1,
        longest: moment,
    })
}

pub fn kinds() -> Kinds {
    Kinds::default()
        .with("inc", any::of(Inc), Policy::default())
        .with("double", any::of_blocking(Double), Policy::default().pure())
        .with("boom", any::of(Boom), at_once())
        .with("not-yet", any::of(NotYet), Policy::default())
}

/// These, and a workflow.
pub fn with(name: &str, workflow: impl Workflow) -> Kinds {
    kinds().with(name, any::of_workflow(workflow), at_once())
}
