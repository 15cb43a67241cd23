//! What is kept of failures beside the records: their entries, which come first and go last.

use super::Records;
use crate::model::dead_letter::{Entry, EntryName};
use crate::model::due;
use crate::model::task::{TaskRecord, TaskStatus};
use ports::{Delivery, ETag, QueueName, Settle, Step, StorageError, Written};

impl Records {
    /// Takes back what was written over this record, in exactly that version: it is as before, and above all no
    /// failure of now, which somebody would be told of again.
    pub(crate) async fn take_back(
        &self,
        before: &TaskRecord,
        etag: &ETag,
    ) -> Result<bool, StorageError> {
        let (name, document) = (before.id.text(), before.to_document());
        let written = self.store.replace(&name, &document, etag).await?;
        Ok(written.is_some())
    }

    /// Removes the entry of a failure that the record no longer tells of. Best effort: one that stays is passed
    /// over, and goes when its time is over.
    pub(crate) async fn forget_failure(&self, failed: &TaskRecord) {
        if failed.status() != TaskStatus::Failed {
            return;
        }
        let name = EntryName::of(failed).text();
        if let Err(error) = self.store.delete(&name, None).await {
            log::debug!("task.id" = failed.id; "the entry of its failure stays: {error}");
        }
    }

    /// Moves a message that names no task from the dead letters of its queue to those that are listed: it is
    /// stored there before it leaves.
    pub(crate) async fn keep_message(
        &self,
        letter: &Delivery,
        queue: &QueueName,
        reason: &str,
    ) -> Result<(), StorageError> {
        let entry = Entry::of_message(letter, queue, reason, self.clock.now());
        let rules = self.rules.as_deref();
        let due = rules.and_then(|rules| due::after_message(rules, &entry, &letter.text));
        let mut steps = vec![Step::Create {
            name: &entry.name,
            document: &entry.document,
        }];
        steps.extend(due.as_deref().map(Entry::put));
        steps.extend(letter.receipt.as_ref().map(|receipt| Step::Settle {
            receipt,
            how: Settle::Done,
        }));
        let written = match self.store.write(&steps).await? {
            // A sweep died before the message was gone. What was done about the letter since stays.
            Written::Not { .. } if steps.len() > 1 => self.store.write(&steps[1..]).await?,
            written => written,
        };
        match written {
            Written::Partly { cause, .. } => Err(cause),
            Written::Done { .. } | Written::Not { .. } => Ok(()),
        }
    }
}
