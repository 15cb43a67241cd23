//! One attempt: the kind's code on a thread where it may block, within its slot and its time limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::kinds::{AnyKind, Attempt, Failure, Kinds};
use crate::limits::{MAX_CODE, PROGRESS_INTERVAL, RUNNING_AFTER, SHOW_TIMEOUT};
use crate::local::at_hand::AtHand;
use crate::local::metrics::{CameOut, Metrics, Took};
use crate::local::running::Running;
use crate::local::stop::Stop;
use crate::model::task::{TaskState, UNKNOWN_KIND};
use crate::records::{Commit, Records, Versioned};

/// Runs attempts, at most so many at a time in the whole process. One that ignores its stop request
/// gives its slot back at its time limit all the same, so that the others go on.
#[derive(Clone)]
pub(crate) struct Attempts {
    slots: Arc<Semaphore>,
    stop: Stop,
    kinds: Arc<Kinds>,
    running: Arc<Running>,
    metrics: Arc<Metrics>,
}

/// How an attempt ended.
pub(crate) enum Ended {
    /// With a result.
    Succeeded(Box<RawValue>),
    /// Without one.
    Failed {
        code: &'static str,
        message: String,
        /// Whether trying again may help.
        may_pass: bool,
    },
    /// The work asks for another time.
    Later(Duration),
    /// The record asks for other work than the message did.
    OtherWork,
    /// It has not begun: others have the slots.
    NoSlot,
    /// It was told to stop, or not to begin: the process ends, or the task has.
    Stopped,
}

impl Ended {
    /// How this is counted, unless the attempt has not begun.
    pub(crate) fn came_out(&self) -> Option<CameOut> {
        match self {
            Self::Succeeded(_) => Some(CameOut::Succeeded),
            Self::Failed { .. } => Some(CameOut::Failed),
            Self::Later(_) => Some(CameOut::PutOff),
            Self::OtherWork | Self::Stopped => Some(CameOut::Stopped),
            Self::NoSlot => None,
        }
    }
}

impl Attempts {
    /// `concurrency` attempts compute side by side; `stop` stops them all.
    pub(crate) fn new(
        concurrency: usize,
        stop: Stop,
        kinds: Arc<Kinds>,
        running: Arc<Running>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(concurrency)),
            stop,
            kinds,
            running,
            metrics,
        }
    }

    /// Does the work of a task, once a slot is free: within `patience`, or not at all. When the work
    /// lasts, the record shows it as running.
    pub(crate) async fn run(
        &self,
        (kind, input): (Arc<dyn AnyKind>, Box<RawValue>),
        task: &mut Versioned,
        records: &Records,
        patience: Duration,
    ) -> (Ended, Took) {
        let begun = Instant::now();
        let mut took = Took::default();
        let slot = tokio::select! {
            biased;
            () = self.stop.break_off.cancelled() => Err(Ended::Stopped),
            () = self.stop.stopping.cancelled() => Err(Ended::Stopped),
            slot = self.slots.acquire() => slot.map_err(|_| Ended::Stopped),
            () = tokio::time::sleep(patience) => Err(Ended::NoSlot),
        };
        took.wait = begun.elapsed();
        let _slot = match slot {
            Ok(slot) => slot,
            Err(ended) => return (ended, took),
        };
        let begun = Instant::now();
        let stop = self.stop.break_off.child_token();
        // If this future ends early or is dropped, nobody waits for the work any more.
        let _stop_work = stop.clone().drop_guard();
        let Some(_running) = self.running.begin(task.record.id, &stop) else {
            return (Ended::Stopped, took);
        };
        let _counted = self.metrics.attempt_begins(&task.record.kind);
        let attempt = Attempt::new(task.record.attempts, stop.clone());
        let (id, name) = (task.record.id, self.kinds.name(&task.record.kind));
        let name = name.unwrap_or(UNKNOWN_KIND);
        if kind.is_quick(&input) {
            let run = AssertUnwindSafe(|| {
                let _at_hand = AtHand::task(id, name);
                kind.run(&input, &attempt)
            });
            let worked = catch_unwind(run).map_or_else(|_| panicked(), |w| told(w, &attempt));
            took.work = begun.elapsed();
            return (worked, took);
        }
        // Quick work need not carry what lasting work takes.
        let lasting = Box::pin(work((kind, name), input, &attempt, stop, task, records));
        let (ended, work) = lasting.await;
        took.work = work.unwrap_or_else(|| begun.elapsed());
        (ended, took)
    }
}

/// Does the work on a thread where it may block. Gives the time it took there, if it came to its end.
async fn work(
    (kind, name): (Arc<dyn AnyKind>, &'static str),
    input: Box<RawValue>,
    attempt: &Attempt,
    stop: CancellationToken,
    task: &mut Versioned,
    records: &Records,
) -> (Ended, Option<Duration>) {
    let time_limit = tokio::time::sleep(kind.time_limit());
    tokio::pin!(time_limit);
    let id = task.record.id;
    let mut work = tokio::task::spawn_blocking({
        let attempt = attempt.clone();
        move || {
            let _at_hand = AtHand::task(id, name);
            let begun = Instant::now();
            (kind.run(&input, &attempt), begun.elapsed())
        }
    });
    let mut look_again = RUNNING_AFTER;
    loop {
        let ended = tokio::select! {
            biased;
            // What is done counts, also when it was told to stop meanwhile.
            ended = &mut work => return match ended {
                Ok((worked, took)) => (told(worked, attempt), Some(took)),
                // The runtime ends, and has not begun it.
                Err(error) if error.is_cancelled() => (Ended::Stopped, None),
                Err(_) => (panicked(), None),
            },
            () = stop.cancelled() => Ended::Stopped,
            () = &mut time_limit => Ended::Failed {
                code: "TimeLimitExceeded",
                message: "the attempt took longer than its time limit".to_owned(),
                may_pass: true,
            },
            () = tokio::time::sleep(look_again) => {
                // Written also when the percentage has not changed: that is how an attempt learns
                // that another process has ended its task.
                match show_running(task, attempt.percent(), records).await {
                    Some(Commit::Lost) => Ended::Stopped,
                    Some(Commit::OtherWork) => Ended::OtherWork,
                    Some(Commit::Written) | None => {
                        look_again = PROGRESS_INTERVAL;
                        continue;
                    }
                }
            }
        };
        return (ended, None);
    }
}

/// What the work says of its end. That it was told to stop counts only if it was: a task whose message
/// is settled for nothing would stay open.
fn told(worked: Result<Box<RawValue>, Failure>, attempt: &Attempt) -> Ended {
    let failed = |code, message, may_pass| Ended::Failed {
        code: fit(code),
        message,
        may_pass,
    };
    match worked {
        Ok(result) => Ended::Succeeded(result),
        Err(Failure::Permanent { code, message }) => failed(code, message, false),
        Err(Failure::Transient { code, message }) => failed(code, message, true),
        Err(Failure::Later { after }) => Ended::Later(after),
        Err(Failure::Stopped(_)) if attempt.stop_requested() => Ended::Stopped,
        Err(Failure::Stopped(_)) => failed(
            "StoppedUnasked",
            "the work stopped although nobody told it to".to_owned(),
            true,
        ),
    }
}

/// A code that can travel in a header.
fn fit(code: &'static str) -> &'static str {
    let is_fit = (1..=MAX_CODE).contains(&code.len())
        && code.starts_with(|first: char| first.is_ascii_uppercase())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_fit {
        return code;
    }
    log::error!(
        "{code:?} is no code of a failure: it has 1 to {MAX_CODE} letters and digits, in PascalCase"
    );
    "InvalidCode"
}

fn panicked() -> Ended {
    Ended::Failed {
        code: "WorkPanicked",
        message: "the work broke off because of a defect".to_owned(),
        may_pass: true,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_can_travel_in_a_header_or_another_is_told() {
        for code in ["NotYet", "E42", "A"] {
            assert_eq!(fit(code), code);
        }
        for code in [
            "",
            "not yet",
            "notYet",
            "NotYet\r\nx-forged: 1",
            "Zu spät",
            "4Ever",
        ] {
            assert_eq!(fit(code), "InvalidCode", "{code}");
        }
    }
}
