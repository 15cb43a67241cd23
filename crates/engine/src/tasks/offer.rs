//! A submission as it is written: a record, and a message for a worker.

use std::time::Duration;

use crate::local::backlog::Reservation;
use crate::local::early::Leave;
use crate::model::count::Count;
use crate::model::id::IdText;
use crate::model::instance::Instance;
use crate::model::message::TaskMessage;
use crate::model::start::left;
use crate::model::task::{TaskRecord, TaskState};
use crate::tasks::service::Tasks;
use crate::tasks::submit::Submission;
use ports::crash::{CrashPoint, crash_point};
use ports::{Document, ETag, QueueName, Step, Tell, Text, Timestamp};

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
