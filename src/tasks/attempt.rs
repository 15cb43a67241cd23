//! One attempt: the kind's code on a thread where it may block, within its slot and its time limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::at_hand::AtHand;
use super::kinds::{AnyKind, Attempt, Failure};
use super::limits::{PROGRESS_INTERVAL, RUNNING_AFTER, SHOW_TIMEOUT, SLOT_WAIT};
use super::records::{Commit, Records, Versioned};
use super::service::{Shared, UNKNOWN_KIND};
use super::task::TaskState;

/// Runs attempts, at most so many at a time in the whole process. One that ignores its stop request
/// gives its slot back at its time limit all the same, so that the others go on.
#[derive(Clone)]
pub struct Attempts {
    slots: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Attempts {
    /// `concurrency` attempts compute side by side; canceling `stop` stops them all.
    pub fn new(concurrency: usize, stop: CancellationToken) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(concurrency)),
            stop,
        }
    }

    /// Whether all attempts were told to stop.
    pub(super) fn are_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Does the work of a task. When that lasts, the record shows it as running.
    pub(super) async fn run(
        &self,
        kind: Arc<dyn AnyKind>,
        input: Box<RawValue>,
        task: &mut Versioned,
        records: &Records,
        shared: &Shared,
    ) -> Result<Box<RawValue>, Failure> {
        let _slot = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Failure::Stopped),
            slot = self.slots.acquire() => slot.map_err(|_| Failure::Stopped)?,
            () = tokio::time::sleep(SLOT_WAIT) => return Err(Failure::Later { after: Duration::ZERO }),
        };
        let stop = self.stop.child_token();
        // If this future ends early or is dropped, nobody waits for the work any more.
        let _stop_work = stop.clone().drop_guard();
        let begun = shared.running.begin(task.record.id, &stop);
        let _running = begun.ok_or(Failure::Stopped)?;
        let _counted = shared.metrics.attempt_begins(&task.record.kind);
        let attempt = Attempt::new(task.record.attempts, stop.clone());
        let (id, name) = (task.record.id, shared.kinds.name(&task.record.kind));
        let name = name.unwrap_or(UNKNOWN_KIND);
        if kind.is_quick(&input) {
            let run = AssertUnwindSafe(|| {
                let _at_hand = AtHand::task(id, name);
                kind.run(&input, &attempt)
            });
            return catch_unwind(run).unwrap_or_else(|_| Err(panicked()));
        }
        let time_limit = tokio::time::sleep(kind.time_limit());
        tokio::pin!(time_limit);
        let mut work = tokio::task::spawn_blocking({
            let attempt = attempt.clone();
            move || {
                let _at_hand = AtHand::task(id, name);
                kind.run(&input, &attempt)
            }
        });
        let mut look_again = RUNNING_AFTER;
        loop {
            tokio::select! {
                ended = &mut work => return ended.unwrap_or_else(|_| Err(panicked())),
                () = &mut time_limit => return Err(Failure::Transient {
                    code: "TimeLimitExceeded",
                    message: "the attempt took longer than its time limit".to_owned(),
                }),
                () = stop.cancelled() => return Err(Failure::Stopped),
                () = tokio::time::sleep(look_again) => {
                    // Written also when the percentage has not changed: that is how an attempt learns
                    // that another process has ended its task.
                    match show_running(task, attempt.percent(), records).await {
                        Some(Commit::Lost) => return Err(Failure::Stopped),
                        // Putting the task off meets the record again, and gives way to it.
                        Some(Commit::OtherWork) => return Err(Failure::Later { after: Duration::ZERO }),
                        Some(Commit::Written) | None => {}
                    }
                    look_again = PROGRESS_INTERVAL;
                }
            }
        }
    }
}

fn panicked() -> Failure {
    Failure::Transient {
        code: "WorkPanicked",
        message: "the work broke off because of a defect".to_owned(),
    }
}

/// Best effort: what clients see meanwhile is not worth failing the work for.
async fn show_running(
    task: &mut Versioned,
    percent: Option<u8>,
    records: &Records,
) -> Option<Commit> {
    task.record.state = TaskState::Running { percent };
    let shown = tokio::time::timeout(SHOW_TIMEOUT, records.commit(task))
        .await
        .ok()?;
    shown
        .inspect_err(
            |error| log::debug!("task.id" = task.record.id; "running status not shown: {error}"),
        )
        .ok()
}
