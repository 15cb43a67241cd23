//! What this process has seen of one kind, as values.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::{ENDS, Metrics};
use crate::model::task::TaskStatus;
use work::KindName;

/// What a process has seen of the tasks of a kind, from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Submissions that got in.
    pub accepted: u64,
    /// Attempts that compute now.
    pub running: u64,
    /// The tasks that it brought to an end, by their status.
    pub ended: [SeenEnd; ENDS.len()],
}

/// The tasks that a process brought to one terminal status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenEnd {
    /// The status.
    pub status: TaskStatus,
    /// How many.
    pub tasks: u64,
    /// The attempts they had, in all processes.
    pub attempts: u64,
    /// How many of them an attempt of this process ended: those that the durations are of.
    pub timed: u64,
    /// How long the work took in those attempts, together.
    pub work: Duration,
    /// How long it had waited for a slot, together.
    pub wait: Duration,
}

impl Metrics {
    /// What was counted of a kind so far.
    pub(crate) fn seen(&self, kind: &KindName) -> Seen {
        let of = self.of(kind.as_str());
        let mut ended = ENDS.map(|status| SeenEnd {
            status,
            tasks: 0,
            attempts: 0,
            timed: 0,
            work: Duration::ZERO,
            wait: Duration::ZERO,
        });
        for (seen, counted) in ended.iter_mut().zip(&of.ended) {
            seen.tasks = counted.count.load(Relaxed);
            seen.attempts = counted.attempts.load(Relaxed);
            seen.timed = counted.work.count();
            seen.work = counted.work.sum();
            seen.wait = counted.wait.sum();
        }
        Seen {
            accepted: of.accepted.load(Relaxed),
            running: of.running.load(Relaxed),
            ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use work::{BlockingKind, Context, Failure, Kinds, Policy, any};

    use super::*;
    use crate::local::metrics::{Started, Took};

    struct Echo;

    impl BlockingKind for Echo {
        type Input = String;
        type Output = String;

        fn run(&self, input: String, _: &Context) -> Result<String, Failure> {
            Ok(input)
        }
    }

    #[test]
    fn what_was_counted_of_a_kind_is_told_of_it_alone() {
        let kinds = ["echo", "other"]
            .into_iter()
            .fold(Kinds::default(), |kinds, name| {
                kinds.with(name, any::of_blocking(Echo), Policy::default())
            });
        let metrics = Metrics::new(&kinds);
        let took = Took {
            wait: Duration::from_secs(1),
            work: Duration::from_secs(2),
        };
        metrics.accepted("echo");
        metrics.task_ended("echo", TaskStatus::Succeeded, 2, Some(took));
        metrics.task_ended("echo", TaskStatus::Succeeded, 1, Some(took));
        metrics.task_ended("echo", TaskStatus::Canceled, 0, None);
        let running = metrics.attempt_begins("echo", Started::Queue);
        let [echo, other] =
            ["echo", "other"].map(|name| metrics.seen(&KindName::new(name).unwrap()));
        assert_eq!((echo.accepted, echo.running), (1, 1));
        let told = echo.ended.map(|end| {
            (
                end.status,
                end.tasks,
                end.attempts,
                end.timed,
                end.work,
                end.wait,
            )
        });
        let (none, second) = (Duration::ZERO, Duration::from_secs(1));
        assert_eq!(
            told,
            [
                (TaskStatus::Succeeded, 2, 3, 2, 4 * second, 2 * second),
                (TaskStatus::Failed, 0, 0, 0, none, none),
                (TaskStatus::Canceled, 1, 0, 0, none, none),
            ]
        );
        assert_eq!((other.accepted, other.running), (0, 0));
        assert!(other.ended.iter().all(|end| end.tasks == 0));
        drop(running);
        assert_eq!(metrics.seen(&KindName::new("echo").unwrap()).running, 0);
    }
}
