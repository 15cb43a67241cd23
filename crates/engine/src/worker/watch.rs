//! Work that lasts: on a thread where it may block or as a future, watched over while it does.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::limits::{PROGRESS_INTERVAL, RUNNING_AFTER, SHOW_TIMEOUT, STEP_SIGN_INTERVAL};
use crate::local::at_hand::AtHand;
use crate::local::sync::lock;
use crate::model::id::TaskId;
use crate::model::task::TaskState;
use crate::records::{Commit, RecordError, Records, Versioned};
use crate::worker::attempting::{Attempting, StepOf};
use crate::worker::told::{Ended, out_of_time, panicked, told};
use work::Context;
use work::any::{ResultLimit, Run, Start};

/// Watches over work that lasts: shows it as running, and stops it. Gives the time the work took, if it
/// came to its end.
pub(super) async fn watched(
    work: impl Future<Output = (Ended, Option<Duration>)>,
    cx: &Context,
    watch: Watch<'_>,
) -> (Ended, Option<Duration>) {
    let Watch {
        stop,
        time_limit,
        grace,
        mut at,
        records,
    } = watch;
    let time_limit = tokio::time::sleep(time_limit);
    tokio::pin!(work, time_limit);
    let mut look_again = RUNNING_AFTER;
    let ended = loop {
        tokio::select! {
            biased;
            // What is done counts, also when it was told to stop meanwhile.
            done = &mut work => return done,
            () = stop.cancelled() => break Ended::Stopped,
            () = &mut time_limit => break out_of_time(),
            () = tokio::time::sleep(look_again) => {
                // Written also when the percentage has not changed: that is how an attempt learns
                // that another process has ended its task.
                let shown = match &mut at {
                    Attempting::Task(task) => show_running(task, cx.percent(), records).await,
                    Attempting::Step(step) => Box::pin(leave_sign(step, records)).await,
                };
                match shown {
                    Some(Commit::Lost) => break Ended::Stopped,
                    Some(Commit::OtherWork) => break Ended::OtherWork,
                    Some(Commit::Written) | None => look_again = PROGRESS_INTERVAL,
                }
            }
        }
    };
    stop.cancel();
    // Here it may still put things in order, and what it has done by then counts.
    match tokio::time::timeout(grace, work).await {
        Ok(done @ (Ended::Succeeded(_), _)) => done,
        Ok(_) | Err(_) => (ended, None),
    }
}

/// What watching over work takes.
pub(super) struct Watch<'a> {
    pub(super) stop: CancellationToken,
    pub(super) time_limit: Duration,
    /// How long the work is let go on when it was told to stop.
    pub(super) grace: Duration,
    pub(super) at: Attempting<'a>,
    pub(super) records: &'a Records,
}

/// Computes on a thread that may be blocked. One that is not told to stop in time is left behind.
pub(super) async fn computed(
    run: Run,
    cx: &Context,
    id: TaskId,
    limit: ResultLimit,
) -> (Ended, Option<Duration>) {
    let attempt = cx.clone();
    let worked = tokio::task::spawn_blocking(move || {
        let _at_hand = AtHand::task(id, attempt.kind().clone());
        let begun = Instant::now();
        (run(&attempt, limit), begun.elapsed())
    });
    match worked.await {
        Ok((worked, took)) => (told(worked, cx), Some(took)),
        // The runtime ends, and has not begun it.
        Err(error) if error.is_cancelled() => (Ended::Stopped, None),
        Err(_) => (panicked(), None),
    }
}

/// Waits, on the thread of whoever polls this.
pub(super) async fn waited(
    start: Start,
    cx: &Context,
    id: TaskId,
    limit: ResultLimit,
) -> (Ended, Option<Duration>) {
    let begun = Instant::now();
    let attempt = cx.clone();
    let work = async move { start(attempt, limit).await };
    tokio::pin!(work);
    let polled = poll_fn(|poll| {
        let _at_hand = AtHand::task(id, cx.kind().clone());
        work.as_mut().poll(poll)
    });
    match AssertUnwindSafe(polled).catch_unwind().await {
        Ok(worked) => (told(worked, cx), Some(begun.elapsed())),
        Err(_) => (panicked(), None),
    }
}

/// Best effort: what clients see meanwhile is not worth failing the work for.
async fn show_running(
    task: &mut Versioned,
    percent: Option<u8>,
    records: &Records,
) -> Option<Commit> {
    task.record.state = TaskState::Running {
        percent,
        handed_over: None,
    };
    let shown = tokio::time::timeout(SHOW_TIMEOUT, records.commit(task))
        .await
        .ok()?;
    shown
        .inspect_err(
            |error| log::debug!("task.id" = task.record.id; "running status not shown: {error}"),
        )
        .ok()
}

/// Says whether a step is still wanted, and leaves a sign in the record of its instance now and then.
async fn leave_sign(step: &StepOf, records: &Records) -> Option<Commit> {
    let looked = async {
        let begins = lock(&step.begins).clone();
        if let Some(record) = begins {
            let mut task = Versioned {
                record: *record,
                etag: None,
            };
            let begun = records.advance(&mut task, &[], None).await?;
            *lock(&step.begins) = None;
            if begun.is_some() {
                return Ok(true);
            }
        }
        records.leave_sign(step.instance, STEP_SIGN_INTERVAL).await
    };
    let looked: Result<bool, RecordError> =
        tokio::time::timeout(SHOW_TIMEOUT, looked).await.ok()?;
    match looked {
        Ok(true) => Some(Commit::Written),
        Ok(false) => Some(Commit::Lost),
        Err(error) => {
            log::debug!("task.id" = step.instance; "instance not looked at: {error}");
            None
        }
    }
}
