//! The end of tasks whose message nobody can work on: they have failed.

use crate::model::message::{TaskMessage, UnreadableMessage};
use crate::model::stored::UnreadableRecord;
use crate::model::task::{TaskError, TaskState};
use crate::records::{RecordError, Versioned};
use crate::worker::ending::broken_off;
use crate::worker::outcome::Outcome;
use crate::worker::parts::Worker;
use ports::{Delivery, ETag, Timestamp};

impl Worker {
    /// A message that cannot be understood is poison; the task it names, if any, has failed.
    pub(crate) async fn refuse(
        &self,
        unreadable: UnreadableMessage,
        delivery: &Delivery,
    ) -> Outcome {
        let reason = unreadable.reason;
        log::warn!(attempt = delivery.dequeue_count; "message refused: {reason}");
        let Some(id) = unreadable.id else {
            return Outcome::Poison { reason };
        };
        let error = TaskError {
            code: "UnreadableMessage".to_owned(),
            message: "the task's message could not be understood".to_owned(),
        };
        let message = TaskMessage::naming(id);
        match self
            .fail_unfinished(message, delivery.inserted_at, error)
            .await
        {
            Ok(()) => Outcome::Spent { reason },
            // So is the message, most likely.
            Err(error @ RecordError::Unreadable(UnreadableRecord::Newer(_))) => {
                broken_off(&error, delivery)
            }
            Err(error) => {
                log::warn!("task.id" = id; "could not record the failure yet: {error}");
                Outcome::Poison { reason }
            }
        }
    }

    /// Ends the task of a dead letter, which was sent at that time; gives the reason when nobody can tell which
    /// task that is.
    pub(crate) async fn fail_dead_lettered(
        &self,
        text: &str,
        inserted_at: Option<Timestamp>,
    ) -> Result<Option<String>, RecordError> {
        let message = match TaskMessage::parse(text) {
            Ok(message) => message,
            Err(UnreadableMessage { id: Some(id), .. }) => TaskMessage::naming(id),
            Err(UnreadableMessage { id: None, reason }) => return Ok(Some(reason)),
        };
        let error = TaskError {
            code: "DeadLettered".to_owned(),
            message: "the task was given up after its last attempt".to_owned(),
        };
        self.fail_unfinished(message, inserted_at, error)
            .await
            .map(|()| None)
    }

    async fn fail_unfinished(
        &self,
        message: TaskMessage<'_>,
        inserted_at: Option<Timestamp>,
        error: TaskError,
    ) -> Result<(), RecordError> {
        let etag = message.etag.clone();
        match self.find_unfinished(message, inserted_at).await? {
            Some(task) if !is_sent_again(&task, etag.as_deref()) => self
                .end(task, TaskState::Failed { error }, None, None)
                .await
                .map(drop),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether a later message than the one with this version is to bring another attempt.
fn is_sent_again(task: &Versioned, etag: Option<&ETag>) -> bool {
    let is_queued = matches!(task.record.state, TaskState::Queued { .. });
    is_queued && etag.is_some() && task.etag.as_ref() != etag
}
