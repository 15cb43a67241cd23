//! Task records in the store: read, and written so that the first terminal write wins.

mod failures;
mod follow;
pub(crate) mod kept_key;

use std::sync::Arc;
use std::time::Duration;

use crate::limits::{COMMIT_TRIES, READ_WHOLE, SWEEP_PAGE};
use crate::model::dead_letter::Entry;
use crate::model::due;
use crate::model::id::TaskId;
use crate::model::instance::prefix_of;
use crate::model::rules::Rules;
use crate::model::stored::UnreadableRecord;
use crate::model::task::{TaskRecord, TaskStatus};
use ports::crash::crash_point;
use ports::{
    Clock, Delivery, ETag, Head, Listed, Looked, QueueName, Receipt, Settle, Step, StorageError,
    Stored, Tallies, TaskStore, Text, Timestamp, Written,
};

pub use follow::Commit;
pub(crate) use follow::{Committed, Followed, NextMessage, Outgoing, Then};

/// Why a record could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordError {
    /// The store did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The store holds something else under this id.
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
}

/// A record, and the version of it that a write would replace.
#[derive(Clone, Debug)]
pub struct Versioned {
    /// The record, as read or as it is to be written.
    pub record: TaskRecord,
    /// `None` while it is not in the store.
    pub etag: Option<ETag>,
}

/// A task as its monitor needs it.
#[derive(Clone, Debug)]
pub enum Shown {
    /// With all of its record.
    Task(Versioned),
    /// It has succeeded with a result that is too large to be read for that: what a listing tells of it,
    /// and the version.
    LargeResult(Head, ETag),
}

impl Shown {
    /// The version of its record.
    pub fn etag(&self) -> Option<&ETag> {
        match self {
            Self::Task(task) => task.etag.as_ref(),
            Self::LargeResult(_, etag) => Some(etag),
        }
    }
}

/// The store, in terms of records.
#[derive(Clone)]
pub struct Records {
    store: Arc<dyn TaskStore>,
    /// Where what belongs to instances is counted; `None` where there are none.
    tallies: Option<Arc<dyn Tallies>>,
    clock: Arc<dyn Clock>,
    /// What is due after failures, if there are rules.
    rules: Option<Arc<Rules>>,
}

impl Records {
    /// Over this store; the clock dates changes.
    pub fn new(store: Arc<dyn TaskStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            tallies: None,
            clock,
            rules: None,
        }
    }

    /// The same, with what the fan-outs of instances add to.
    #[must_use]
    pub fn with_tallies(self, tallies: Arc<dyn Tallies>) -> Self {
        Self {
            tallies: Some(tallies),
            ..self
        }
    }

    /// Deletes what belongs to an instance beside its record.
    pub(crate) async fn clear_parts(&self, id: TaskId) -> Result<(), StorageError> {
        let prefix = &prefix_of(id);
        self.clear_tallies(prefix).await?;
        loop {
            let page = self.store.list(prefix, None, SWEEP_PAGE).await?;
            let is_last = page.next.is_none();
            for listed in page.items {
                self.store.delete(&listed.name, None).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Deletes the tallies whose names begin so.
    pub(crate) async fn clear_tallies(&self, prefix: &str) -> Result<(), StorageError> {
        match &self.tallies {
            Some(tallies) => tallies.clear(prefix).await,
            None => Ok(()),
        }
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same where failures are looked at by rules.
    pub(crate) fn with_rules(self, rules: Option<Arc<Rules>>) -> Self {
        Self { rules, ..self }
    }

    /// The record of a task, if there is one.
    pub async fn read(&self, id: TaskId) -> Result<Option<Versioned>, RecordError> {
        let stored = self.store.read(&id.text()).await?;
        stored.map(|stored| versioned(id, stored)).transpose()
    }

    /// The record of a task, if there is one, without a result that is larger than [`READ_WHOLE`]. What
    /// else is as large, because its input is, is read in a second call.
    pub async fn show(&self, id: TaskId) -> Result<Option<Shown>, RecordError> {
        Ok(match self.store.look(&id.text(), READ_WHOLE).await? {
            None => None,
            Some(Looked::Whole(stored)) => Some(Shown::Task(versioned(id, stored)?)),
            Some(Looked::Large(Listed {
                head: Some(head),
                etag,
                ..
            })) if head.status == TaskStatus::Succeeded.as_str() => {
                Some(Shown::LargeResult(head, etag))
            }
            Some(Looked::Large(_)) => self.read(id).await?.map(Shown::Task),
        })
    }

    /// Writes a record over its version, unless somebody has ended the task since: the first
    /// terminal write wins, also when the task was retried after it. A version that is merely old,
    /// because the task was shown as running or is delivered again, is replaced, if it is of the same
    /// work.
    pub async fn commit(&self, versioned: &mut Versioned) -> Result<Commit, RecordError> {
        Ok(match self.commit_then(versioned, Then::default()).await? {
            Committed::Written(_) => Commit::Written,
            Committed::Lost => Commit::Lost,
            Committed::OtherWork => Commit::OtherWork,
        })
    }

    /// The same, and what is to follow, in one write where the store can.
    pub(crate) async fn commit_then(
        &self,
        versioned: &mut Versioned,
        then: Then<'_>,
    ) -> Result<Committed, RecordError> {
        let id = versioned.record.id;
        let name = id.text();
        versioned.record.updated_at = self.clock.now();
        for _ in 0..COMMIT_TRIES {
            if let Some(followed) = self.write(&name, versioned, then).await? {
                return Ok(Committed::Written(followed));
            }
            // Another writer, or our own write whose answer was lost: look.
            match self.read(id).await? {
                Some(now) if now.record.status().is_terminal() => return Ok(Committed::Lost),
                Some(now) if now.record.retries != versioned.record.retries => {
                    return Ok(Committed::Lost);
                }
                Some(now) if !now.record.is_same_work(&versioned.record) => {
                    versioned.etag = now.etag;
                    return Ok(Committed::OtherWork);
                }
                Some(now) => {
                    versioned.etag = now.etag;
                    let record = &mut versioned.record;
                    // An attempt may have begun since ours, or since our cancel looked.
                    record.attempts = now.record.attempts.max(record.attempts);
                    // What a message does not tell, or tells otherwise.
                    record.created_at = now.record.created_at;
                    record.labels = now.record.labels;
                    record.others = now.record.others;
                }
                None if versioned.etag.is_some() => return Ok(Committed::Lost),
                None => {}
            }
        }
        Err(StorageError::transient("commit record", "it keeps changing").into())
    }

    /// Writes a record over exactly its version, terminal or not; `false` when that is no longer
    /// the one in the store.
    pub async fn replace(&self, versioned: &mut Versioned) -> Result<bool, StorageError> {
        let replaced = self.replace_then(versioned, Then::default()).await?;
        Ok(replaced.is_some())
    }

    /// The same, and what is to follow, in one write where the store can; `None` when the version is no
    /// longer the one in the store.
    pub(crate) async fn replace_then(
        &self,
        versioned: &mut Versioned,
        then: Then<'_>,
    ) -> Result<Option<Followed>, StorageError> {
        if versioned.etag.is_none() {
            return Ok(None);
        }
        versioned.record.updated_at = self.clock.now();
        let name = versioned.record.id.text();
        self.write(&name, versioned, then).await
    }

    /// Writes a record over exactly its version, or as a new one, and sends these messages after it; then the
    /// message at hand is settled. `None` when the version is no longer the one in the store.
    pub(crate) async fn advance(
        &self,
        versioned: &mut Versioned,
        messages: &[Outgoing],
        settle: Option<(&Receipt, Settle<'_>)>,
    ) -> Result<Option<Followed>, StorageError> {
        versioned.record.updated_at = self.clock.now();
        let name = versioned.record.id.text();
        let then = Then {
            more: messages,
            settle,
            ..Then::default()
        };
        self.write(&name, versioned, then).await
    }

    /// Sends messages, side by side or in one write.
    pub(crate) async fn send_all(&self, messages: &[Outgoing]) -> Result<(), StorageError> {
        if messages.is_empty() {
            return Ok(());
        }
        let steps: Vec<_> = messages.iter().map(Outgoing::step).collect();
        match self.store.write(&steps).await? {
            Written::Partly { cause, .. } => Err(cause),
            // No step has a condition.
            Written::Done { .. } | Written::Not { .. } => Ok(()),
        }
    }

    /// Writes a record over its version, or as a new one, once; `None` when that does not hold.
    async fn write(
        &self,
        name: &str,
        versioned: &mut Versioned,
        then: Then<'_>,
    ) -> Result<Option<Followed>, StorageError> {
        let Versioned { record, etag } = versioned;
        let document = &record.to_document();
        // First, so that a process which dies in between leaves an entry too many, and never one too few.
        let entry = Entry::of_failure(record, &document.head);
        // And with it what a rule has to do about it, for the same reason.
        let rules = self.rules.as_deref().filter(|_| entry.is_some());
        let due = rules.and_then(|rules| due::after_failure(rules, record, &document.head));
        let tell = |etag: Option<&ETag>| {
            let Some(next) = then.send else {
                return String::new();
            };
            if let Some(unsent) = next.unsent {
                crash_point(unsent);
            }
            (next.tell)(record, etag, next.held.unwrap_or_default())
        };
        let mut steps = Vec::with_capacity(3);
        steps.extend([&entry, &due].into_iter().flatten().map(|note| note.put()));
        let before = steps.len();
        steps.push(match etag.as_ref() {
            Some(etag) => Step::Replace {
                name,
                document,
                etag,
            },
            None => Step::Create { name, document },
        });
        steps.extend(then.send.map(|next| Step::Send {
            queue: next.queue,
            text: Text::Of(&tell),
            delay: next.delay,
            held: next.held.is_some(),
        }));
        steps.extend(then.more.iter().map(Outgoing::step));
        let sends = steps.len() - before - 1;
        steps.extend(
            then.settle
                .map(|(receipt, how)| Step::Settle { receipt, how }),
        );
        let (written, followed) = match self.store.write(&steps).await? {
            Written::Done {
                etag,
                settled,
                held,
            } => {
                let held = held.zip(then.send).map(|(receipt, next)| {
                    Box::new(Delivery {
                        text: (next.tell)(record, etag.as_ref(), 0),
                        dequeue_count: 1,
                        inserted_at: Some(record.updated_at),
                        receipt: Some(*receipt),
                    })
                });
                (etag, Followed::All { settled, held })
            }
            Written::Not { .. } => return Ok(None),
            Written::Partly { steps, cause, .. } if steps == before => return Err(cause),
            Written::Partly { steps, etag, cause } if steps <= before + sends => {
                (etag, Followed::Unsent(cause))
            }
            Written::Partly { etag, cause, .. } => (etag, Followed::Unsettled(cause)),
        };
        *etag = written;
        Ok(Some(followed))
    }

    /// Sends a message and then settles the one that it follows; `false` when that was delivered again.
    pub(crate) async fn send_and_settle(
        &self,
        queue: &QueueName,
        (text, delay): (&str, Duration),
        receipt: &Receipt,
    ) -> Result<bool, StorageError> {
        let text = Text::Fixed(text);
        let how = Settle::Done;
        let steps = [
            Step::Send {
                queue,
                text,
                delay,
                held: false,
            },
            Step::Settle { receipt, how },
        ];
        match self.store.write(&steps).await? {
            Written::Done { settled, .. } => Ok(settled),
            Written::Partly { cause, .. } => Err(cause),
            // Neither of the two has a condition.
            Written::Not { .. } => Ok(false),
        }
    }

    /// Leaves a sign in the record of an instance unless it has changed within this time, so that the message of a
    /// step, which has no record itself, is not taken for lost. Says whether the instance is still open.
    pub(crate) async fn leave_sign(
        &self,
        id: TaskId,
        within: Duration,
    ) -> Result<bool, RecordError> {
        let Some(mut instance) = self.read(id).await? else {
            return Ok(false);
        };
        if instance.record.status().is_terminal() {
            return Ok(false);
        }
        if self.now() - instance.record.updated_at > within {
            // Who has written since has left one.
            self.replace(&mut instance).await?;
        }
        Ok(true)
    }

    /// Deletes a record; with an ETag, only that version.
    pub async fn delete(&self, id: TaskId, etag: Option<&ETag>) -> Result<bool, StorageError> {
        self.store.delete(&id.text(), etag).await
    }
}

fn versioned(id: TaskId, stored: Stored) -> Result<Versioned, RecordError> {
    let record = TaskRecord::from_body(id, &stored.body, stored.modified_at)?;
    Ok(Versioned {
        record,
        etag: Some(stored.etag),
    })
}
