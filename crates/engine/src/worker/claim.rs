//! What a message asks for: the task's record, read where it must be, and the work for its input.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::extensible::Others;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskError, TaskRecord, TaskState};
use crate::records::{RecordError, Versioned};
use crate::worker::attempt::Work;
use crate::worker::parts::Worker;
use ports::{Delivery, Timestamp};
use work::KindName;

/// The code of a task whose kind nobody here knows, or that has no input.
const NOT_WORKABLE: &str = "NotWorkable";

impl Worker {
    /// Whether a message is one of a workflow's instance, which has turns.
    pub(crate) fn is_of_instance(&self, message: &TaskMessage<'_>) -> bool {
        let kind = || {
            message
                .kind
                .as_deref()
                .and_then(|kind| self.kinds.get(kind))
        };
        message.cause.is_some() || kind().is_some_and(|kind| kind.kind.version().is_some())
    }

    /// Whether the record is read before the work begins.
    ///
    /// The happy path reads nothing: the first delivery of a message that carries everything, for
    /// work that does no harm when the task was canceled meanwhile. If the record has changed
    /// since, the conditional write will tell. A message with more in it than is known here is of a
    /// newer version, whose record may have more in it, too.
    pub(super) fn must_read(&self, message: &TaskMessage<'_>, delivery: &Delivery) -> bool {
        let complete =
            message.kind.is_some() && message.input.is_some() && message.others.is_empty();
        let kind = message
            .kind
            .as_deref()
            .and_then(|kind| self.kinds.get(kind));
        let is_pure = kind.is_some_and(|kind| kind.policy.pure);
        delivery.dequeue_count > 1 || !complete || !is_pure || message.handed_over.is_some()
    }

    /// The record of a message's task; `None` when the task has ended or its record is gone.
    pub(crate) async fn find_unfinished(
        &self,
        message: TaskMessage<'_>,
        inserted_at: Option<Timestamp>,
    ) -> Result<Option<Versioned>, RecordError> {
        match self.records.read(message.id).await? {
            // Failed and retried since: the retry sent a message of its own.
            Some(task) if task.record.retries > message.retries => Ok(None),
            Some(task) if task.record.status().is_terminal() => {
                // Whoever ended it may have died before its end was told.
                self.notices.tell(&task.record).await?;
                Ok(None)
            }
            Some(task) => Ok(Some(task)),
            // It had a record when it was sent: consumed, deleted, or never acknowledged.
            None if message.etag.is_some() => Ok(None),
            // R0 sends messages without a record.
            None => Ok(Some(self.first_version(message, inserted_at))),
        }
    }

    pub(crate) fn first_version(
        &self,
        message: TaskMessage<'_>,
        inserted_at: Option<Timestamp>,
    ) -> Versioned {
        let TaskMessage {
            id,
            kind,
            input,
            etag,
            retries,
            traceparent,
            labels,
            created_at,
            ..
        } = message;
        let now = self.clock.now();
        let created_at = created_at.or_else(|| id.created_at()).or(inserted_at);
        let record = TaskRecord {
            id,
            kind: kind.map_or_else(|| KindName::UNKNOWN.to_owned(), Cow::into_owned),
            input: input.map(Cow::into_owned),
            created_at: created_at.unwrap_or(now),
            // It has not changed before; if it has since, nobody looked.
            updated_at: created_at.unwrap_or(now),
            attempts: 0,
            retries,
            traceparent: traceparent.map(Cow::into_owned),
            labels,
            // Or the record was read.
            callback_url: None,
            instance: None,
            state: TaskState::queued(),
            others: Others::default(),
        };
        let etag = etag.map(Cow::into_owned);
        Versioned { record, etag }
    }

    pub(super) fn work_of(&self, record: &TaskRecord) -> Result<Work<'_>, TaskError> {
        let kind = self.kinds.get(&record.kind);
        let (Some(kind), Some(input)) = (kind, record.input.as_ref()) else {
            let message = match kind {
                None => "no worker knows this kind of work",
                Some(_) => "the task has no input",
            };
            return Err(TaskError {
                code: NOT_WORKABLE.to_owned(),
                message: message.to_owned(),
            });
        };
        // A message need not come from us, so its input is checked as a submission's is.
        let prepared = Arc::clone(&kind.kind).prepare(input);
        let prepared = prepared.map_err(|invalid| TaskError {
            code: "InvalidInput".to_owned(),
            message: invalid.message,
        })?;
        Ok(Work {
            kind,
            prepared,
            submitter: Arc::clone(&self.submitter),
            files: self.files.clone(),
        })
    }
}
