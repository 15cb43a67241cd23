//! Submitting: a record, a message for a worker, and a limit to how many wait.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::limits::QUEUE_LENGTH_MAX_AGE;
use crate::local::backlog::{Look, Reservation};
use crate::model::id::TaskId;
use crate::model::instance::Instance;
use crate::model::message::TaskMessage;
use crate::model::start::{Start, left};
use crate::model::stored::UnreadableRecord;
use crate::model::task::TaskRecord;
use crate::model::wishes::Wishes;
use crate::queue::TaskQueue;
use crate::records::{RecordError, Versioned};
use crate::tasks::offer::{Offer, Rights};
use crate::tasks::service::{Parts, Tasks};
use ports::crash::{CrashPoint, crash_point};
use ports::{Delivery, ETag, StorageError, Timestamp, Written, budget};
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
        let kind = self.parts.kinds.get(&submission.kind);
        let start = submission.wishes.start();
        // Those that come with the engine are its own to submit.
        match kind.is_some_and(|kind| kind.name.is_internal()) {
            true => Err(self.unknown_kind()),
            false if kind.is_some() && start.is_too_far(self.parts.clock.now()) => {
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
        let tasks = self.clone();
        tokio::spawn(budget::carried(tasks.accept(submission, reservation)))
            .await
            .unwrap_or_else(|_| {
                Err(StorageError::permanent("accept task", "accepting it broke off").into())
            })
    }

    async fn accept(
        self,
        submission: Submission,
        reservation: Reservation,
    ) -> Result<TaskRecord, SubmitError> {
        let (offer, rights) = self.offer(submission, reservation);
        let tell = |etag: Option<&ETag>| offer.message(etag);
        let written = self.parts.store.write(&offer.steps(&tell)).await;
        let other = self.conclude(&offer, rights, written).await?;
        Ok(other.unwrap_or(offer.record))
    }

    /// Goes on from how the write of a submission ended. Gives the task's record where that is another than the
    /// one that was to be written.
    pub(super) async fn conclude(
        &self,
        offer: &Offer,
        rights: Rights,
        written: Result<Written, StorageError>,
    ) -> Result<Option<TaskRecord>, SubmitError> {
        let Offer { record, now, .. } = offer;
        let (id, now) = (record.id, *now);
        let queue = self.parts.queues.of(&record.kind);
        let (other, held) = match written.map_err(|cause| SubmitError::unwritten(id, cause))? {
            Written::Done { etag, held, .. } => {
                let held = held.map(|receipt| {
                    Box::new(Delivery {
                        text: TaskMessage::of(record, etag.as_ref()).to_text(),
                        dequeue_count: 1,
                        inserted_at: Some(now),
                        receipt: Some(*receipt),
                    })
                });
                (None, held)
            }
            Written::Not { .. } => (Some(self.carry_on(id, now).await?), None),
            Written::Partly { cause, .. } if cause.is_unanswered() => {
                may_be_sent(record, &cause);
                (None, None)
            }
            Written::Partly { etag, cause, .. } => {
                return Err(self.take_back(id, etag.as_ref(), cause).await);
            }
        };
        let record = other.as_ref().unwrap_or(record);
        if record.status().is_terminal() {
            return Ok(other);
        }
        rights.reservation.kept();
        crash_point(CrashPoint::AfterMessage);
        self.parts.endings.metrics.accepted(&record.kind);
        match record.due_at() {
            Some(due_at) => queue.due_times.add(due_at, now),
            None => queue.sent(rights.leave, held),
        }
        if let Some(look) = queue.backlog.due(now) {
            self.look_up(queue, look);
        }
        log::info!("task.id" = id, "task.kind" = record.kind, "trace.id" = record.trace_id(); "task accepted");
        Ok(other)
    }

    /// Sends a message for the record that is there under a new task's id, unless it has ended.
    ///
    /// Ids are unique, so it is ours: a retry met the first try's success, which was written at the time
    /// of this submission and is undone with it; or a submission with an idempotency key is carried on, whose
    /// task may have been acknowledged, and stays whatever happens.
    async fn carry_on(&self, id: TaskId, now: Timestamp) -> Result<TaskRecord, SubmitError> {
        let gone = || StorageError::transient("accept task", "its record came and went");
        let read = self.parts.records.read(id).await;
        let read = read.map_err(|error| match error {
            // It is there, and the sweep sends its message.
            RecordError::Storage(cause) => SubmitError::Unknown { id, cause },
            unreadable @ RecordError::Unreadable(_) => unreadable.into(),
        })?;
        let Versioned { record, etag } = read.ok_or_else(gone)?;
        if record.status().is_terminal() {
            return Ok(record);
        }
        let message = TaskMessage::of(&record, etag.as_ref()).to_text();
        let queue = self.parts.queues.of(&record.kind);
        let delay = left(record.due_at(), self.parts.clock.now());
        match queue.messages.send(&message, delay).await {
            Ok(()) => Ok(record),
            Err(cause) if cause.is_unanswered() => {
                may_be_sent(&record, &cause);
                Ok(record)
            }
            Err(cause) if record.updated_at == now => {
                Err(self.take_back(id, etag.as_ref(), cause).await)
            }
            Err(cause) => Err(cause.into()),
        }
    }

    /// Removes a record whose message was refused: its client is told that nothing was accepted, which has to be
    /// so. If it cannot be removed, the sweep will send the message.
    async fn take_back(&self, id: TaskId, etag: Option<&ETag>, cause: StorageError) -> SubmitError {
        match self.parts.records.delete(id, etag).await {
            Ok(_) => cause.into(),
            Err(error) => {
                log::warn!("task.id" = id; "a task that was not accepted stays: {error}");
                SubmitError::Unknown { id, cause }
            }
        }
    }

    /// Room in its queue for a submission. Where there is a limit, the length is looked up when it
    /// is too old, by one submission for all that come meanwhile.
    pub(super) async fn reserve(
        &self,
        submission: &Submission,
    ) -> Result<Reservation, SubmitError> {
        let Parts {
            clock, settings, ..
        } = &*self.parts;
        let queue = self.parts.queues.of(&submission.kind);
        let max = settings.max_queue_length;
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
    fn look_up(&self, queue: &Arc<TaskQueue>, look: Look) {
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

/// The record is written, so there is the task; the sweep makes up for its message, should that be missing.
fn may_be_sent(record: &TaskRecord, cause: &StorageError) {
    log::warn!("task.id" = record.id, "task.kind" = record.kind; "message may not be sent: {cause}");
}
