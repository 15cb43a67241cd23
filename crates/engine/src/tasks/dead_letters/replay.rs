//! Replaying and deleting dead letters. A failed task runs again as by a retry. A message that names no task is
//! claimed with a conditional write first, so that of two who replay it one does; its entry goes when what
//! follows it is stored.

use std::time::Duration;

use serde_json::value::RawValue;

use super::{DeadLetter, LetterBody};
use crate::limits::ACCEPTING_TIMEOUT;
use crate::model::dead_letter::{DeadMessage, EntryName};
use crate::model::id::TaskId;
use crate::model::r0::R0_KIND;
use crate::model::task::TaskRecord;
use crate::records::Versioned;
use crate::tasks::operate::Operated;
use crate::tasks::service::Tasks;
use crate::tasks::submit::{Submission, SubmitError};
use ports::{ETag, QueueName, Step, StorageError, Text, Written};

/// What is replayed in place of what failed.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The kind of the task that a message becomes; `None`: `fibonacci`, as in a message. A task keeps its own,
    /// and another is refused.
    pub kind: Option<String>,
    /// The input.
    pub input: Box<RawValue>,
}

/// What became of a dead letter that was to be replayed.
#[derive(Clone, Debug)]
pub enum Replayed {
    /// The task runs again; this is its record now.
    Task(Box<Versioned>),
    /// The message became this task.
    Made(TaskRecord),
    /// The message was sent to this queue again.
    Sent {
        /// Its name.
        queue: String,
    },
    /// The task has not failed, or not any more; or it has no input to run with. Nothing was changed.
    Conflict(TaskRecord),
    /// The task is of this kind, and stays of it. Nothing was changed.
    OtherKind(String),
    /// Somebody else is at it.
    InProgress,
    /// There is no such dead letter.
    Unknown,
}

impl Replayed {
    /// Whether it was replayed.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Task(_) | Self::Made(_) | Self::Sent { .. })
    }
}

/// A message that nobody else replays meanwhile.
struct Claimed {
    name: EntryName,
    message: DeadMessage,
    etag: ETag,
}

impl Tasks {
    /// Replays a dead letter, with another input if one is given.
    ///
    /// # Errors
    ///
    /// As of a [submission](Tasks::submit): the kind does not take the input, or storage was not reached.
    pub async fn replay(&self, id: TaskId, edit: Option<Edit>) -> Result<Replayed, SubmitError> {
        if let Some(Edit {
            kind: Some(kind), ..
        }) = &edit
            && let Some(task) = self.parts.records.read(id).await?
            && task.record.kind != *kind
        {
            return Ok(Replayed::OtherKind(task.record.kind));
        }
        let input = edit.as_ref().map(|edit| edit.input.clone());
        match self.run_again(id.into(), input).await? {
            Operated::Done(task) => Ok(Replayed::Task(Box::new(task))),
            Operated::Conflict(record) => Ok(Replayed::Conflict(record)),
            // Its version was not asked for.
            Operated::OtherVersion | Operated::Unknown => self.replay_message(id, edit).await,
        }
    }

    /// Replays a dead letter as it was listed. What has failed again since, or not failed, is another one.
    pub(super) async fn replay_letter(&self, letter: &DeadLetter) -> Result<Replayed, SubmitError> {
        if let LetterBody::Message { .. } = letter.body {
            return self.replay_message(letter.id, None).await;
        }
        Ok(match self.run_again(letter.target(), None).await? {
            Operated::Done(task) => Replayed::Task(Box::new(task)),
            Operated::Conflict(record) => Replayed::Conflict(record),
            Operated::OtherVersion | Operated::Unknown => Replayed::Unknown,
        })
    }

    async fn replay_message(
        &self,
        id: TaskId,
        edit: Option<Edit>,
    ) -> Result<Replayed, SubmitError> {
        let submission = edit.map(|Edit { kind, input }| {
            Submission::new(id, kind.unwrap_or_else(|| R0_KIND.to_owned()), input)
        });
        let Some((name, message, etag)) = self.dead_message(id).await? else {
            return Ok(Replayed::Unknown);
        };
        // What would be refused anyhow is not claimed.
        submission
            .as_ref()
            .map_or(Ok(()), |made| self.check(made))?;
        if self.is_claimed(&message) {
            return Ok(Replayed::InProgress);
        }
        let queue = QueueName::try_from(&*message.queue).ok();
        let queue = queue.unwrap_or_else(|| self.parts.queues.main().name.clone());
        let claimed_at = Some(self.parts.clock.now());
        let document = DeadMessage {
            claimed_at,
            ..message.clone()
        }
        .to_document(name);
        let text = name.text();
        let claim = Step::Replace {
            name: &text,
            document: &document,
            etag: &etag,
        };
        let send = Step::Send {
            queue: &queue,
            text: Text::Fixed(&message.text),
            delay: Duration::ZERO,
            held: false,
        };
        let steps = match submission {
            Some(_) => vec![claim],
            None => vec![claim, send],
        };
        let (etag, failed) = match self.parts.store.write(&steps).await? {
            Written::Not { .. } => return Ok(Replayed::InProgress),
            Written::Done { etag, .. } => (etag, None),
            Written::Partly { etag, cause, .. } => (etag, Some(cause)),
        };
        let no_version = || StorageError::permanent("claim a dead letter", "no version was told");
        let claimed = Claimed {
            name,
            message,
            etag: etag.ok_or_else(no_version)?,
        };
        let made = match (failed, submission) {
            (Some(cause), _) => Err(cause.into()),
            (None, Some(made)) => self.submit_first(made).await.map(Replayed::Made),
            (None, None) => Ok(Replayed::Sent {
                queue: queue.to_string(),
            }),
        };
        match &made {
            Ok(_) => self.forget_message(&claimed).await,
            // There may be what follows it: whoever replays it once more does so after a while.
            Err(SubmitError::Unknown { .. }) => {}
            Err(SubmitError::Storage(cause)) if cause.is_unanswered() => {}
            Err(_) => self.let_message_go(&claimed).await,
        }
        if matches!(made, Ok(Replayed::Sent { .. }))
            && let Some(queue) = self.parts.queues.named(&queue)
        {
            queue.wake();
        }
        if made.is_ok() {
            log::info!("task.id" = id; "message without a task replayed");
        }
        made
    }

    /// Whether somebody replays it, and lives.
    fn is_claimed(&self, message: &DeadMessage) -> bool {
        let now = self.parts.clock.now();
        let is_fresh = |at| now - at < ACCEPTING_TIMEOUT;
        message.claimed_at.is_some_and(is_fresh)
    }

    /// Best effort, as all that is removed after its successor is stored: an entry that stays can be replayed
    /// again, and goes when its time is over.
    async fn forget_message(&self, claimed: &Claimed) {
        let name = claimed.name.text();
        if let Err(error) = self.parts.store.delete(&name, Some(&claimed.etag)).await {
            log::warn!("task.id" = claimed.name.id; "a dead letter that was replayed stays: {error}");
        }
    }

    async fn let_message_go(&self, claimed: &Claimed) {
        let message = DeadMessage {
            claimed_at: None,
            ..claimed.message.clone()
        };
        let (name, document) = (claimed.name.text(), message.to_document(claimed.name));
        let store = &self.parts.store;
        if let Err(error) = store.replace(&name, &document, &claimed.etag).await {
            log::debug!("task.id" = claimed.name.id; "a dead letter is not let go: {error}");
        }
    }

    /// Deletes a dead letter for good, as it was listed; `false` when it is none any more, or another one.
    pub(crate) async fn discard(&self, letter: &DeadLetter) -> Result<bool, SubmitError> {
        if let LetterBody::Message { .. } = letter.body {
            let Some((name, message, etag)) = self.dead_message(letter.id).await? else {
                return Ok(false);
            };
            if self.is_claimed(&message) {
                return Ok(false);
            }
            let deleted = self.parts.store.delete(&name.text(), Some(&etag)).await;
            return deleted.map_err(SubmitError::from);
        }
        let deleted = self.delete(letter.target()).await?;
        Ok(matches!(deleted, Operated::Done(_)))
    }
}
