//! One attempt: the kind's code, where it may compute, block or wait, within its slot and its time limit.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::limits::{
    ATTEMPT_TIME_LIMIT, LONGEST_HAND_OVER, MAX_RESULT_BYTES, PROGRESS_INTERVAL, RUNNING_AFTER,
    SHOW_TIMEOUT, STOP_GRACE,
};
use crate::local::at_hand::AtHand;
use crate::local::metrics::{CameOut, Metrics, Took};
use crate::local::running::Running;
use crate::local::stop::Stop;
use crate::model::callback::{Attempted, Callbacks};
use crate::model::id::TaskId;
use crate::model::task::TaskState;
use crate::records::{Commit, Records, Versioned};
use crate::text::beginning;
use crate::worker::again::MAX_LOGGED_MESSAGE;
use ports::Clock;
use work::any::{Prepared, ResultLimit, Run, Start};
use work::{Callback, Context, ContextParts, ErrorCode, Failure, Registered, Told};

const TIME_LIMIT_EXCEEDED: ErrorCode = ErrorCode::literal("TimeLimitExceeded");
const WORK_PANICKED: ErrorCode = ErrorCode::literal("WorkPanicked");
const STOPPED_UNASKED: ErrorCode = ErrorCode::literal("StoppedUnasked");

/// The work of a task: of which kind, and what is to be done for its input.
pub(crate) struct Work<'a> {
    pub(crate) kind: &'a Registered,
    pub(crate) prepared: Prepared,
}

/// Runs attempts, at most so many at a time in the whole process. One that ignores its stop request
/// gives its slot back at its time limit all the same, so that the others go on.
#[derive(Clone)]
pub(crate) struct Attempts {
    slots: Arc<Semaphore>,
    stop: Stop,
    running: Arc<Running>,
    metrics: Arc<Metrics>,
    callers: Callers,
}

/// What the callbacks of attempts are made with.
#[derive(Clone)]
pub(crate) struct Callers {
    pub(crate) callbacks: Option<Callbacks>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Callers {
    /// The callback of an attempt that may last so long.
    fn callback(&self, task: &Versioned, time_limit: Duration) -> Option<Callback> {
        let callbacks = self.callbacks.as_ref()?;
        Some(callbacks.of(Attempted {
            id: task.record.id,
            attempt: task.record.attempts,
            expires_at: self.clock.now() + time_limit.min(LONGEST_HAND_OVER),
        }))
    }
}

/// How an attempt ended.
pub(crate) enum Ended {
    /// With a result.
    Succeeded(Box<RawValue>),
    /// Without one.
    Failed {
        code: ErrorCode,
        message: String,
        /// Whether trying again may help.
        may_pass: bool,
    },
    /// The work asks for another time.
    Later(Duration),
    /// Somebody else goes on with it, and reports its end.
    HandedOver {
        /// How far it has come, if the work says.
        percent: Option<u8>,
        /// How long that may take.
        left: Duration,
    },
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
            Self::HandedOver { .. } => Some(CameOut::HandedOver),
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
        running: Arc<Running>,
        metrics: Arc<Metrics>,
        callers: Callers,
    ) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(concurrency)),
            stop,
            running,
            metrics,
            callers,
        }
    }

    /// Does the work of a task, once a slot is free: within `patience`, or not at all. When the work
    /// lasts, the record shows it as running.
    pub(crate) async fn run(
        &self,
        work: Work<'_>,
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
        let id = task.record.id;
        let Some(_running) = self.running.begin(id, &stop) else {
            return (Ended::Stopped, took);
        };
        let Work { kind, prepared } = work;
        let _counted = self.metrics.attempt_begins(kind.name.as_str());
        let time_limit = kind.policy.time_limit.unwrap_or(ATTEMPT_TIME_LIMIT);
        let cx = Context::new(ContextParts {
            task_id: id.to_string(),
            kind: kind.name.clone(),
            attempt: task.record.attempts,
            deadline: SystemTime::now() + time_limit,
            traceparent: task.record.traceparent.clone(),
            stop: stop.clone(),
            // Quick work has ended before anybody could call.
            callback: match prepared {
                Prepared::Quick(_) => None,
                _ => self.callers.callback(task, time_limit),
            },
            submitter: None,
        });
        let limit = ResultLimit::bytes(MAX_RESULT_BYTES);
        let watch = |grace| Watch {
            stop,
            time_limit,
            grace,
            task,
            records,
        };
        // Quick work need not carry what lasting work takes.
        let (ended, work) = match prepared {
            Prepared::Quick(run) => {
                let run = AssertUnwindSafe(|| {
                    let _at_hand = AtHand::task(id, kind.name.clone());
                    run(&cx, limit)
                });
                let worked = catch_unwind(run);
                (worked.map_or_else(|_| panicked(), |w| told(w, &cx)), None)
            }
            Prepared::Blocking(run) => {
                let work = computed(run, &cx, id, limit);
                Box::pin(watched(work, &cx, watch(Duration::ZERO))).await
            }
            Prepared::Waiting(start) => {
                let work = waited(start, &cx, id, limit);
                Box::pin(watched(work, &cx, watch(STOP_GRACE))).await
            }
        };
        took.work = work.unwrap_or_else(|| begun.elapsed());
        (ended, took)
    }
}

/// Watches over work that lasts: shows it as running, and stops it. Gives the time the work took, if it
/// came to its end.
async fn watched(
    work: impl Future<Output = (Ended, Option<Duration>)>,
    cx: &Context,
    watch: Watch<'_>,
) -> (Ended, Option<Duration>) {
    let Watch {
        stop,
        time_limit,
        grace,
        task,
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
            () = &mut time_limit => break Ended::Failed {
                code: TIME_LIMIT_EXCEEDED,
                message: "the attempt took longer than its time limit".to_owned(),
                may_pass: true,
            },
            () = tokio::time::sleep(look_again) => {
                // Written also when the percentage has not changed: that is how an attempt learns
                // that another process has ended its task.
                match show_running(task, cx.percent(), records).await {
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
struct Watch<'a> {
    stop: CancellationToken,
    time_limit: Duration,
    /// How long the work is let go on when it was told to stop.
    grace: Duration,
    task: &'a mut Versioned,
    records: &'a Records,
}

/// Computes on a thread that may be blocked. One that is not told to stop in time is left behind.
async fn computed(
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
async fn waited(
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

/// What the work says of its end. That it was told to stop counts only if it was: a task whose message
/// is settled for nothing would stay open.
fn told(worked: Result<Box<RawValue>, Failure>, cx: &Context) -> Ended {
    let failed = |code, message, may_pass| Ended::Failed {
        code,
        message,
        may_pass,
    };
    let failure = match worked {
        Ok(result) => return Ended::Succeeded(result),
        Err(failure) => failure,
    };
    if let Some(source) = failure.source() {
        let source = source.to_string();
        let reason = beginning(&source, MAX_LOGGED_MESSAGE);
        log::warn!("task.id" = cx.task_id(), "task.kind" = cx.kind().as_str(), attempt = cx.attempt(); "the work met an error: {reason}");
    }
    match failure.told() {
        Told::Permanent { code, message } => failed(code, message, false),
        Told::Transient { code, message } => failed(code, message, true),
        Told::Later { after } => Ended::Later(after),
        Told::HandedOver => Ended::HandedOver {
            percent: cx.percent(),
            left: cx.time_left().min(LONGEST_HAND_OVER),
        },
        Told::Stopped if cx.stop_requested() => Ended::Stopped,
        Told::Stopped => failed(
            STOPPED_UNASKED,
            "the work stopped although nobody told it to".to_owned(),
            true,
        ),
    }
}

fn panicked() -> Ended {
    Ended::Failed {
        code: WORK_PANICKED,
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
