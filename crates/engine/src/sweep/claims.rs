//! Claims of messages that somebody was to replay, and died, or could not take the entry away. If there is the task
//! that the message became, the entry goes, before the task's time is over; otherwise the message is free to be replayed.
//!
//! So it is when its task has gone already: its result was fetched, or its client deleted it, before a sweep came by.
//! Nothing tells that from a death before there was a task, and a message that is listed once too often can be
//! deleted; one that is listed no more is lost.

use std::sync::Arc;

use crate::limits::{ACCEPTING_TIMEOUT, LETTER_WHOLE};
use crate::model::dead_letter::{DeadMessage, EntryName, is_claimed};
use crate::sweep::refused::Refused;
use ports::{Clock, Listed, StorageError, TaskStore};

/// Ends claims that nobody has any more.
#[derive(Clone)]
pub(crate) struct Claims {
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Claims {
    /// Those of a page of the walk. There are none most of the time, and that costs nothing.
    pub(crate) async fn end(
        &self,
        listed: &[Listed],
        is_over: &impl Fn() -> bool,
    ) -> Result<(), StorageError> {
        let now = self.clock.now();
        let mut refused = Refused::default();
        for listed in listed {
            let is_claim = listed.head.as_ref().is_some_and(is_claimed);
            if !is_claim || now - listed.modified_at < ACCEPTING_TIMEOUT || is_over() {
                continue;
            }
            if let Some(name) = EntryName::parse(&listed.name)
                && let Err(error) = self.end_one(name, listed).await
            {
                refused.unless_passing(error)?;
            }
        }
        refused.report("let go");
        Ok(())
    }

    /// With its version: whoever claims it anew has it.
    async fn end_one(&self, name: EntryName, listed: &Listed) -> Result<(), StorageError> {
        let Listed {
            name: text, etag, ..
        } = listed;
        let task = self.store.look(&name.id.text(), LETTER_WHOLE).await?;
        if task.is_some() {
            self.store.delete(text, Some(etag)).await?;
            return Ok(());
        }
        let stored = self.store.read(text).await?;
        if let Some(message) = stored.and_then(|stored| DeadMessage::from_body(&stored.body)) {
            let free = DeadMessage {
                claimed_at: None,
                ..message
            };
            self.store
                .replace(text, &free.to_document(name), etag)
                .await?;
        }
        Ok(())
    }
}
