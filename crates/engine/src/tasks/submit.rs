//! Submitting: a record, a message for a worker, and a limit to how many wait.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::task::JoinHandle;

use crate::limits::QUEUE_LENGTH_MAX_AGE;
use crate::local::backlog::{Look, Reservation};
use crate::model::id::TaskId;
use crate::model::instance::Instance;
use crate::model::start::Start;
use crate::model::stored::UnreadableRecord;
use crate::model::task::TaskRecord;
use crate::model::wishes::Wishes;
use crate::queue::TaskQueue;
use crate::records::RecordError;
use crate::tasks::service::{Parts, Tasks};
use ports::{StorageError, Timestamp, budget};
use work::InvalidInput;

/// Work that a client asks for.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The id the task is to have.
    pub id: TaskId,
    /// Which work.
    pub kind: String,
    /// Its input.
    pub input: Box<RawValue>,
    /// The client's trace (W3C Trace Context), carried along and logged.
    pub traceparent: Option<String>,
    /// When it may begin, and what its client calls it.
    pub wishes: Wishes,
    /// What its client calls it, if it is an instance with a name.
    pub instance_name: Option<Box<str>>,
}

impl Submission {
    /// Work that may begin at once, of a client that says no more.
    pub fn new(id: TaskId, kind: impl Into<String>, input: Box<RawValue>) -> Self {
        Self {
            id,
            kind: kind.into(),
            input,
            traceparent: None,
            wishes: Wishes::default(),
            instance_name: None,
        }
    }

    /// What tells it from others, as long as no client asks for the same twice.
    pub(super) fn text(&self) -> String {
        [&self.kind, "\n", self.input.get(), &self.wishes.text()].concat()
    }
}

/// Why a submission was not accepted. Nothing is stored then, but for what [`Unknown`](Self::Unknown) says.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// No such kind is registered; these are.
    #[error("no such kind of work is known here, but {known}")]
    UnknownKind {
        /// The names of the registered kinds, as a client is told them.
        known: String,
    },
    /// The kind does not take this input.
    #[error(transparent)]
    InvalidInput(#[from] InvalidInput),
    /// It is to begin later than [`LONGEST_DELAY`](crate::limits::LONGEST_DELAY) from now.
    #[error("a task cannot begin so late")]
    TooFar(Start),
    /// Nobody may be told of its end there.
    #[error(transparent)]
    InvalidCallbackUrl(InvalidInput),
    /// More messages wait than the configured limit allows.
    #[error("too many tasks are waiting")]
    QueueFull,
    /// The record or the message could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Nobody knows whether there is a task: storage did not answer, or did not let a record be taken back whose
    /// message could not be sent. If there is one, it is worked on.
    #[error("task {id} may be accepted all the same: {cause}")]
    Unknown {
        /// The task's id.
        id: TaskId,
        /// What went wrong first.
        cause: StorageError,
    },
    /// The store holds something else under the task's id.
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
}

impl SubmitError {
    /// A write that this task's existence depends on failed.
    pub(crate) fn unwritten(id: TaskId, cause: StorageError) -> Self {
        match cause.is_unanswered() {
            true => Self::Unknown { id, cause },
            false => Self::Storage(cause),
        }
    }
}

impl From<RecordError> for SubmitError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Storage(error) => Self::Storage(error),
            RecordError::Unreadable(error) => Self::Unreadable(error),
        }
    }
}

impl Tasks {
    /// Says whether a submission would be refused for what it is.
    pub fn check(&self, submission: &Submission) -> Result<(), SubmitError> {
        let is_known = self.parts.kinds.get(&submission.kind).is_some();
        let start = submission.wishes.start();
        match self.is_internal(&submission.kind) {
            true => Err(self.unknown_kind()),
            false if is_known && start.is_too_far(self.parts.clock.now()) => {
                Err(SubmitError::TooFar(start))
            }
            false => {
                self.check_input(&submission.kind, &submission.input)?;
                self.check_callback_url(submission)
            }
        }
    }

    /// Says whether a kind would not take an input, whoever has it.
    pub(super) fn check_input(&self, kind: &str, input: &RawValue) -> Result<(), SubmitError> {
        let kind = self.parts.kinds.get(kind);
        let kind = kind.ok_or_else(|| self.unknown_kind())?;
        Ok(kind.kind.check(input)?)
    }

    /// Whether a kind comes with the engine, which alone submits it.
    fn is_internal(&self, kind: &str) -> bool {
        let kind = self.parts.kinds.get(kind);
        kind.is_some_and(|kind| kind.name.is_internal())
    }

    fn unknown_kind(&self) -> SubmitError {
        SubmitError::UnknownKind {
            known: self.parts.kinds.names_for_people(),
        }
    }

    /// What the record of a task of this kind has beside, if it is a workflow.
    pub(super) fn instance_of(&self, kind: &str) -> Option<Instance> {
        let version = self.parts.kinds.get(kind)?.kind.version()?;
        Some(Instance::new(version))
    }

    /// When a task may begin that is accepted now, if not at once.
    pub fn due_at(&self, start: Start) -> Option<Timestamp> {
        start.due_at(self.parts.clock.now())
    }

    /// Accepts work: there is a record, and a message for a worker.
    ///
    /// Runs to its end even when the caller stops waiting: a client that hangs up between the two
    /// must not leave half a task.
    pub async fn submit(&self, submission: Submission) -> Result<TaskRecord, SubmitError> {
        self.check(&submission)?;
        self.submit_checked(submission).await
    }

    /// The same for a submission that was made here, of whatever kind.
    pub(super) async fn submit_checked(
        &self,
        submission: Submission,
    ) -> Result<TaskRecord, SubmitError> {
        let reservation = self.reserve(&submission).await?;
        let accepted = self.clone().accept(submission, reservation);
        to_its_end(tokio::spawn(budget::carried(accepted))).await
    }

    /// The same for one whose id is made of what it is to do: of all who come to it the first has it done. Gives the
    /// record that is there then.
    pub(super) async fn submit_first(
        &self,
        submission: Submission,
    ) -> Result<TaskRecord, SubmitError> {
        let reservation = self.reserve(&submission).await?;
        let accepted = self.clone().accept_first(submission, reservation);
        to_its_end(tokio::spawn(budget::carried(accepted))).await
    }

    /// Room in its queue for a submission. Where there is a limit, the length is looked up when it
    /// is too old, by one submission for all that come meanwhile.
    ///
    /// The limit is for what is brought from outside. What the engine hands in itself follows from tasks that
    /// are there, whose messages leave the queue only once it is accepted: a full queue would stay full.
    pub(super) async fn reserve(
        &self,
        submission: &Submission,
    ) -> Result<Reservation, SubmitError> {
        let Parts {
            clock, settings, ..
        } = &*self.parts;
        let queue = self.parts.queues.of(&submission.kind);
        let max = settings.max_queue_length;
        let max = max.filter(|_| !self.is_internal(&submission.kind));
        if max.is_some()
            && self
                .queue_length(queue, QUEUE_LENGTH_MAX_AGE)
                .await?
                .is_none()
        {
            let cause = "the queue does not tell it";
            return Err(StorageError::permanent("look up the queue's length", cause).into());
        }
        let now = clock.now();
        let reserved = queue.backlog.take(max, now);
        let reserved = reserved.ok_or(SubmitError::QueueFull)?;
        Ok(match submission.wishes.start().due_at(now) {
            None => reserved,
            Some(due_at) => reserved.put_off(due_at),
        })
    }

    /// A queue's length, no older than `age`; `None` when the queue does not tell it. Who finds it too
    /// old looks it up for all that come meanwhile.
    pub(super) async fn queue_length(
        &self,
        queue: &Arc<TaskQueue>,
        age: Duration,
    ) -> Result<Option<u64>, StorageError> {
        let now = self.parts.clock.now();
        if let Some((looked, look)) = queue.backlog.outdated(now, age) {
            if let Some(look) = look {
                self.look_up(queue, look);
            }
            if budget::bounded(looked).await.is_err() {
                let cause = "it was not told in time";
                return Err(StorageError::transient("look up the queue's length", cause));
            }
        }
        queue.backlog.known(now, age)
    }

    /// Looks up a queue's length, whoever of those that wait for it hangs up.
    pub(super) fn look_up(&self, queue: &Arc<TaskQueue>, look: Look) {
        let (queue, clock) = (Arc::clone(queue), Arc::clone(&self.parts.clock));
        tokio::spawn(async move {
            match queue.messages.length().await {
                Ok(length) => look.found(length, clock.now()),
                Err(error) => {
                    log::warn!("length of queue {} not known: {error}", queue.name);
                    look.failed(error);
                }
            }
        });
    }
}

/// What became of a submission, which goes on when nobody waits for that any more.
async fn to_its_end(
    accepted: JoinHandle<Result<TaskRecord, SubmitError>>,
) -> Result<TaskRecord, SubmitError> {
    accepted.await.unwrap_or_else(|_| {
        Err(StorageError::permanent("accept task", "accepting it broke off").into())
    })
}
