//! A submission that is accepted: what is written of it, a record and a message for a worker, and what follows
//! from how that ended.

use std::time::Duration;

use crate::local::backlog::Reservation;
use crate::local::early::Leave;
use crate::model::count::Count;
use crate::model::id::{IdText, TaskId};
use crate::model::instance::Instance;
use crate::model::message::TaskMessage;
use crate::model::start::left;
use crate::model::task::{TaskRecord, TaskState};
use crate::records::{RecordError, Versioned};
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::crash::{CrashPoint, crash_point};
use ports::{
    Delivery, Document, ETag, QueueName, Receipt, Step, StorageError, Tell, Text, Timestamp,
    Written,
};

/// What is written of a submission, and when it was made.
pub(super) struct Offer {
    pub(super) record: TaskRecord,
    pub(super) now: Timestamp,
    queue: QueueName,
    name: IdText,
    document: Document,
    /// How many attempts have begun when somebody else receives the message.
    begun: u32,
    delay: Duration,
    is_held: bool,
}

/// What a submission has of this process: its place in the queue, and leave to begin at once.
pub(super) struct Rights {
    pub(super) leave: Option<Box<Leave>>,
    pub(super) reservation: Reservation,
}

impl Tasks {
    /// What is to be written of a submission that is accepted now.
    pub(super) fn offer(
        &self,
        submission: Submission,
        reservation: Reservation,
    ) -> (Offer, Rights) {
        let Submission {
            id,
            kind,
            input,
            traceparent,
            wishes,
            instance_name,
        } = submission;
        let now = self.parts.clock.now();
        let queue = self.parts.queues.of(&kind);
        let due_at = wishes.start().due_at(now);
        let record = TaskRecord {
            traceparent,
            labels: wishes.labels(),
            callback_url: wishes.callback_url().map(Into::into),
            instance: self.instance_of(&kind).map(|instance| {
                Box::new(Instance {
                    name: instance_name,
                    ..instance
                })
            }),
            state: TaskState::Queued {
                due_at,
                last_error: None,
            },
            ..TaskRecord::queued(id, kind, input, now)
        };
        // What is to begin later goes to whoever has a slot by then.
        let leave = match due_at {
            None => self
                .parts
                .early
                .leave(&record, Duration::ZERO, &queue.is_behind),
            Some(_) => None,
        };
        let offer = Offer {
            now,
            queue: queue.name.clone(),
            name: id.text(),
            document: record.to_document(),
            begun: leave.as_deref().map_or(0, Leave::begun),
            delay: leave
                .as_deref()
                .map_or_else(|| left(due_at, now), Leave::hide),
            is_held: leave.is_some(),
            record,
        };
        (offer, Rights { leave, reservation })
    }

    /// Accepts a submission that has room in its queue.
    pub(super) async fn accept(
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
        let (other, held) = match written.map_err(|cause| SubmitError::unwritten(id, cause))? {
            Written::Done { etag, held, .. } => (None, offer.held(etag.as_ref(), held)),
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
        if !record.status().is_terminal() {
            self.accepted(record, rights, held, now);
        }
        Ok(other)
    }

    /// Accepts a submission whose id is made of what it is to do: whoever does the same comes to the same id, and the
    /// first has it done. Gives the record that is there then, which may have ended.
    ///
    /// Nobody sends a message for a record that was there: whoever wrote it does; or the sweep, if that died, or never
    /// heard that it had written. And a record stays whose message was refused, since others may go by it already; the
    /// sweep sends that as well.
    pub(super) async fn accept_first(
        self,
        submission: Submission,
        reservation: Reservation,
    ) -> Result<TaskRecord, SubmitError> {
        let (offer, rights) = self.offer(submission, reservation);
        let tell = |etag: Option<&ETag>| offer.message(etag);
        let written = self.parts.store.write(&offer.steps(&tell)).await;
        let unwritten = |cause| SubmitError::unwritten(offer.record.id, cause);
        let held = match written.map_err(unwritten)? {
            Written::Done { etag, held, .. } => offer.held(etag.as_ref(), held),
            Written::Not { .. } => return Ok(self.there(offer.record.id).await?.record),
            Written::Partly { cause, .. } => {
                may_be_sent(&offer.record, &cause);
                None
            }
        };
        self.accepted(&offer.record, rights, held, offer.now);
        Ok(offer.record)
    }

    /// What follows when a task is accepted.
    fn accepted(
        &self,
        record: &TaskRecord,
        rights: Rights,
        held: Option<Box<Delivery>>,
        now: Timestamp,
    ) {
        let queue = self.parts.queues.of(&record.kind);
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
        log::info!("task.id" = record.id, "task.kind" = record.kind, "trace.id" = record.trace_id(); "task accepted");
    }

    /// The record that is there already under the id of a submission.
    async fn there(&self, id: TaskId) -> Result<Versioned, SubmitError> {
        let gone = || StorageError::transient("accept task", "its record came and went");
        let read = self.parts.records.read(id).await;
        let read = read.map_err(|error| match error {
            // It is there, and the sweep sends its message.
            RecordError::Storage(cause) => SubmitError::Unknown { id, cause },
            unreadable @ RecordError::Unreadable(_) => unreadable.into(),
        })?;
        Ok(read.ok_or_else(gone)?)
    }

    /// Sends a message for the record that is there under a new task's id, unless it has ended.
    ///
    /// The id was made for this submission alone, so the record is ours: a retry met the first try's success,
    /// which was written at the time of this submission and is undone with it; or a submission with an idempotency
    /// key is carried on, whose task may have been acknowledged, and stays whatever happens. An id that others come to
    /// as well is for [`accept_first`](Self::accept_first).
    async fn carry_on(&self, id: TaskId, now: Timestamp) -> Result<TaskRecord, SubmitError> {
        let Versioned { record, etag } = self.there(id).await?;
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
}

impl Offer {
    /// The message, when the record has this version.
    pub(super) fn message(&self, etag: Option<&ETag>) -> String {
        crash_point(CrashPoint::AfterRecord);
        let message = TaskMessage {
            count: Count::default().delivered(self.begun),
            ..TaskMessage::of(&self.record, etag)
        };
        message.to_text()
    }

    /// The message, if this process has it at hand: what was written has this version, and this was received of it.
    fn held(&self, etag: Option<&ETag>, receipt: Option<Box<Receipt>>) -> Option<Box<Delivery>> {
        let receipt = Some(*receipt?);
        Some(Box::new(Delivery {
            text: TaskMessage::of(&self.record, etag).to_text(),
            dequeue_count: 1,
            inserted_at: Some(self.now),
            receipt,
        }))
    }

    /// The record, and then the message, which `tell` gives.
    pub(super) fn steps<'a>(&'a self, tell: Tell<'a>) -> [Step<'a>; 2] {
        [
            Step::Create {
                name: &self.name,
                document: &self.document,
            },
            Step::Send {
                queue: &self.queue,
                text: Text::Of(tell),
                delay: self.delay,
                held: self.is_held,
            },
        ]
    }
}

/// The record is written, so there is the task; the sweep makes up for its message, should that be missing.
fn may_be_sent(record: &TaskRecord, cause: &StorageError) {
    log::warn!("task.id" = record.id, "task.kind" = record.kind; "message may not be sent: {cause}");
}
