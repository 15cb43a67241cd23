//! One attempt: the kind's code, where it may compute, block or wait, within its slot and its time limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::limits::{LONGEST_HAND_OVER, STOP_GRACE};
use crate::local::at_hand::AtHand;
use crate::local::metrics::{Metrics, Started, Took};
use crate::local::running::Running;
use crate::local::slots::{Hand, Slots, Takes};
use crate::local::stop::Stop;
use crate::model::callback::{Attempted, Callbacks};
use crate::policies::time_limit;
use crate::records::{Records, Versioned};
use crate::worker::attempting::Attempting;
use crate::worker::told::{Ended, not_workable, panicked, told};
use crate::worker::watch::{Watch, computed, waited, watched};
use ports::Clock;
use work::any::{Prepared, ResultLimit};
use work::{Callback, Context, ContextParts, FileStore, Registered, Submitter};

/// The work of a task: of which kind, and what is to be done for its input.
pub(crate) struct Work<'a> {
    pub(crate) kind: &'a Registered,
    pub(crate) prepared: Prepared,
    /// Who takes in the tasks that it hands in.
    pub(crate) submitter: Arc<dyn Submitter>,
    /// Who keeps the files that it reads and writes.
    pub(crate) files: Option<Arc<dyn FileStore>>,
}

/// Runs attempts, at most so many at a time in the whole process. One that ignores its stop request
/// gives its slot back at its time limit all the same, so that the others go on.
#[derive(Clone)]
pub(crate) struct Attempts {
    pub(crate) slots: Arc<Slots>,
    pub(crate) stop: Stop,
    pub(crate) running: Arc<Running>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) result_limit: ResultLimit,
    pub(crate) callers: Callers,
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

impl Attempts {
    /// Does the work of a task, once there are the slots for it, or not at all: see [`Slots::take`]. When
    /// the work lasts, the record shows it as running. A message whose work waits lets go of what it
    /// holds.
    pub(crate) async fn run<H>(
        &self,
        work: Work<'_>,
        at: Attempting<'_>,
        records: &Records,
        patience: Duration,
        hand: &mut Hand<H>,
    ) -> (Ended, Took) {
        let Work {
            kind,
            prepared,
            submitter,
            files,
        } = work;
        let takes = Takes::from(&prepared);
        let started = match hand.has_slots() {
            true => Started::Early,
            false => Started::Queue,
        };
        let begun = Instant::now();
        let mut took = Took::default();
        let slots = tokio::select! {
            biased;
            () = self.stop.break_off.cancelled() => Err(Ended::Stopped),
            () = self.stop.stopping.cancelled() => Err(Ended::Stopped),
            taken = self.slots.take(&kind.name, takes, patience, hand) => taken.map_err(Ended::NoSlot),
        };
        took.wait = begun.elapsed();
        let _slots = match slots {
            Ok(slots) => slots,
            Err(ended) => return (ended, took),
        };
        let begun = Instant::now();
        let stop = self.stop.break_off.child_token();
        // If this future ends early or is dropped, nobody waits for the work any more.
        let _stop_work = stop.clone().drop_guard();
        let id = at.task();
        let Some(_running) = self.running.begin(id, &stop) else {
            return (Ended::Stopped, took);
        };
        let _counted = self.metrics.attempt_begins(kind.name.as_str(), started);
        let (mut time_limit, limit) = (time_limit(kind), self.result_limit);
        let (own_id, attempt, traceparent) = match &at {
            Attempting::Task(task) => {
                let record = &task.record;
                (id, record.attempts, record.traceparent.clone())
            }
            Attempting::Step(step) => {
                time_limit = time_limit.min(step.time_limit.unwrap_or(time_limit));
                (step.id, step.attempt, step.traceparent.clone())
            }
        };
        // Quick work has ended before anybody could call, and a step has no record to call about.
        let callback = match (&prepared, &at) {
            (Prepared::Quick(_), _) | (_, Attempting::Step(_)) => None,
            (_, Attempting::Task(task)) => self.callers.callback(task, time_limit),
        };
        let cx = Context::new(ContextParts {
            task_id: own_id.to_string(),
            kind: kind.name.clone(),
            attempt,
            deadline: SystemTime::now() + time_limit,
            traceparent,
            stop: stop.clone(),
            callback,
            submitter: Some(submitter),
            files,
        });
        let watch = |grace| Watch {
            stop,
            time_limit,
            grace,
            at,
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
            Prepared::Workflow(_) => (not_workable(), None),
        };
        took.work = work.unwrap_or_else(|| begun.elapsed());
        (ended, took)
    }
}
