//! What was asked and seen of each task, and the promises that this must keep.

use engine::limits::MAX_ATTEMPTS;
use engine::{TaskId, TaskRecord, TaskState, TaskStatus};
use ports::Timestamp;

use super::script::Work;
use crate::helpers::process::RETENTION;

/// One task, as its client and the store tell of it.
pub(super) struct Entry {
    pub(super) id: TaskId,
    work: Work,
    /// Its client was told that it is accepted.
    pub(super) is_accepted: bool,
    pub(super) cancels: u32,
    pub(super) retries: u32,
    /// Its client asked for its deletion.
    pub(super) is_deleted: bool,
    /// The result that its client has read.
    pub(super) given: Option<String>,
    last: Option<TaskRecord>,
    /// The attempts it had had before its round began.
    before_round: u32,
    /// A sweep has found a task that had lost its message: it may have had less than a full round.
    pub(super) was_rescued: bool,
    /// It had a record once, and has none.
    is_gone: bool,
}

impl Entry {
    pub(super) fn new(id: TaskId, work: Work) -> Self {
        Self {
            id,
            work,
            is_accepted: false,
            cancels: 0,
            retries: 0,
            is_deleted: false,
            given: None,
            last: None,
            before_round: 0,
            was_rescued: false,
            is_gone: false,
        }
    }

    /// Compares what the store holds now with everything before.
    pub(super) fn see(&mut self, found: Option<TaskRecord>, now: Timestamp) {
        match (self.last.take(), found) {
            (None, None) => assert!(!self.is_accepted || self.is_gone, "accepted, and not there"),
            (None, Some(record)) => {
                assert!(!self.is_gone, "it came back");
                self.judge(&record);
                self.last = Some(record);
            }
            (Some(last), Some(record)) => {
                self.follow(&last, &record);
                self.judge(&record);
                self.last = Some(record);
            }
            (Some(last), None) => {
                let is_old = last.status().is_terminal() && now - last.updated_at > RETENTION;
                let is_taken = self.given.is_some() || self.is_deleted;
                assert!(is_old || is_taken, "lost: {last:?}");
                self.is_gone = true;
            }
        }
    }

    /// From one record of the task to a later one.
    fn follow(&mut self, last: &TaskRecord, record: &TaskRecord) {
        let was_put_back = self.work == Work::Later;
        assert!(
            record.attempts >= last.attempts || was_put_back,
            "attempts taken back: {last:?} {record:?}"
        );
        if record.retries > last.retries {
            let could_fail = !matches!(last.status(), TaskStatus::Succeeded | TaskStatus::Canceled);
            assert!(could_fail, "revived: {last:?} {record:?}");
            self.before_round = last.attempts;
        } else {
            assert_eq!(record.retries, last.retries);
            if last.status().is_terminal() {
                let (last, record) = (&last.state, &record.state);
                assert_eq!(format!("{last:?}"), format!("{record:?}"), "flipped");
            }
        }
    }

    /// What may be said of the task at all.
    fn judge(&self, record: &TaskRecord) {
        assert!(record.retries <= self.retries, "nobody asked for a retry");
        match &record.state {
            TaskState::Queued { .. } | TaskState::Running { .. } => {}
            TaskState::Canceled => assert!(self.cancels > 0, "nobody canceled it"),
            TaskState::Succeeded { result } => {
                let result = result.get();
                assert!(self.is_right(result, record.attempts), "{result}");
                let given = self.given.as_deref().unwrap_or(result);
                assert_eq!(given, result, "another result than was read");
            }
            TaskState::Failed { error } => match (error.code.as_str(), self.work) {
                // Whatever the work: workers that died with it.
                ("DeadLettered" | "WorkerLost", _) | ("NoHope", Work::Hopeless) => {}
                ("NotYet", Work::Flaky(_)) => {
                    let round = record.attempts - self.before_round;
                    let is_full = self.was_rescued || round >= MAX_ATTEMPTS;
                    assert!(is_full, "given up early: {record:?}");
                }
                (code, work) => panic!("{work:?} failed with {code}"),
            },
        }
    }

    fn is_right(&self, result: &str, attempts: u32) -> bool {
        match self.work {
            Work::Echo => result == self.input(),
            Work::Flaky(failures) => {
                let attempt = result
                    .strip_prefix(r#"{"attempt":"#)
                    .and_then(|rest| rest.strip_suffix('}'))
                    .and_then(|attempt| attempt.parse::<u32>().ok());
                attempt.is_some_and(|attempt| attempt > failures && attempt <= attempts)
            }
            Work::Later => result == "{}",
            Work::Hopeless => false,
        }
    }

    /// The end of the history: nothing is left to be done.
    pub(super) fn is_settled(&self) -> bool {
        let has_ended = |record: &TaskRecord| record.status().is_terminal();
        self.last.as_ref().is_none_or(has_ended)
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.work {
            Work::Echo => "echo",
            Work::Flaky(_) => "flaky",
            Work::Hopeless => "hopeless",
            Work::Later => "later",
        }
    }

    /// Each task has an input of its own.
    pub(super) fn input(&self) -> String {
        let id = self.id;
        match self.work {
            Work::Echo | Work::Hopeless => format!(r#"{{"echo":"{id}"}}"#),
            Work::Flaky(failures) => format!(r#"{{"failures":{failures}}}"#),
            Work::Later => r#"{"times":2,"milliseconds":5000}"#.to_owned(),
        }
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.work, self.last)
    }
}
