//! What clients can ask for: submit, look, and consume. Knows records and queues, not HTTP.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::id::TaskId;
use super::kinds::{InvalidInput, Kinds};
use super::limits::{CHECK_TIMEOUT, QUEUE_LENGTH_MAX_AGE};
use super::message::TaskMessage;
use super::metrics::Metrics;
use super::records::{RecordError, Records};
use super::task::TaskRecord;
use crate::ports::{Clock, Queue, StorageError, TaskStore, Timestamp};

/// Why a submission was not accepted. Nothing is stored then.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// No such kind is registered.
    #[error("unknown kind of work")]
    UnknownKind,
    /// The kind does not take this input.
    #[error(transparent)]
    InvalidInput(#[from] InvalidInput),
    /// More messages wait than the configured limit allows.
    #[error("too many tasks are waiting")]
    QueueFull,
    /// The record or the message could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What every thread of the process shares; storage clients are per thread, see `startup`.
pub struct Shared {
    /// The registered kinds.
    pub kinds: Kinds,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the process has done so far.
    pub metrics: Metrics,
    /// Told when a message has been sent, so that a loop in this process looks at once.
    pub wake: Notify,
    /// Submissions are refused while more messages than this wait; `None`: never.
    pub max_queue_length: Option<u64>,
    /// Results whose reply has been written and whose deletion is under way: they are gone for
    /// every later reader, although the store may still hold them for a moment.
    consumed: Mutex<HashSet<TaskId>>,
    /// The queue's length when somebody last looked.
    queue_length: Mutex<Option<(Timestamp, u64)>>,
    /// Where the next prune goes on: a pass looks at one page, the next pass at the page after.
    pub(super) prune_position: Mutex<Option<String>>,
}

impl Shared {
    /// Nothing is shared yet but the settings.
    pub fn new(kinds: Kinds, clock: Arc<dyn Clock>, max_queue_length: Option<u64>) -> Self {
        Self {
            kinds,
            clock,
            metrics: Metrics::default(),
            wake: Notify::new(),
            max_queue_length,
            consumed: Mutex::default(),
            queue_length: Mutex::default(),
            prune_position: Mutex::default(),
        }
    }
}

/// The tasks, as their clients see them.
#[derive(Clone)]
pub struct Tasks {
    store: Arc<dyn TaskStore>,
    records: Records,
    queue: Arc<dyn Queue>,
    shared: Arc<Shared>,
}

impl Tasks {
    /// Over this storage.
    pub fn new(store: Arc<dyn TaskStore>, queue: Arc<dyn Queue>, shared: Arc<Shared>) -> Self {
        let records = Records::new(Arc::clone(&store), Arc::clone(&shared.clock));
        Self {
            store,
            records,
            queue,
            shared,
        }
    }

    /// Accepts work: the record first, the message second. A record without a message can be
    /// found and repaired; a message without a record would be work nobody may read.
    pub async fn submit(
        &self,
        kind: &str,
        input: Box<RawValue>,
    ) -> Result<TaskRecord, SubmitError> {
        self.shared
            .kinds
            .get(kind)
            .ok_or(SubmitError::UnknownKind)?
            .check(&input)?;
        self.check_queue_length().await?;

        let now = self.shared.clock.now();
        let record = TaskRecord::queued(TaskId::new(now), kind.to_owned(), input, now);
        let etag = self.records.create(&record).await?;
        let message = TaskMessage {
            id: record.id,
            kind: Some(record.kind.clone()),
            input: record.input.clone(),
            etag: Some(etag.clone()),
        };
        if let Err(error) = self.queue.send(&message.to_text(), Duration::ZERO).await {
            // The client gets no id, so nobody will ask for this record, and need not wait for its
            // removal. If that fails too, the record stays behind as queued.
            let (records, id) = (self.records.clone(), record.id);
            tokio::spawn(async move { records.delete(id, Some(&etag)).await });
            return Err(error.into());
        }
        self.shared.wake.notify_one();
        log::info!("task.id" = record.id, "task.kind" = record.kind; "task accepted");
        Ok(record)
    }

    /// Looks at the queue at most once in [`QUEUE_LENGTH_MAX_AGE`], and not at all without a limit.
    async fn check_queue_length(&self) -> Result<(), SubmitError> {
        let Some(max) = self.shared.max_queue_length else {
            return Ok(());
        };
        let now = self.shared.clock.now();
        let known = *lock(&self.shared.queue_length);
        let length = match known {
            Some((seen_at, length)) if now - seen_at < QUEUE_LENGTH_MAX_AGE => length,
            _ => {
                let length = self.queue.length().await?;
                *lock(&self.shared.queue_length) = Some((now, length));
                length
            }
        };
        if length < max {
            Ok(())
        } else {
            Err(SubmitError::QueueFull)
        }
    }

    /// The record of a task; `None` when there is none, or when its result was just consumed.
    pub async fn find(&self, id: TaskId) -> Result<Option<TaskRecord>, RecordError> {
        if lock(&self.shared.consumed).contains(&id) {
            return Ok(None);
        }
        Ok(self.records.read(id).await?.map(|found| found.record))
    }

    /// Marks a result as consumed: from now on this process answers that there is none.
    /// Follow it with [`delete_consumed`](Self::delete_consumed).
    pub fn consume(&self, id: TaskId) {
        lock(&self.shared.consumed).insert(id);
    }

    /// Deletes a consumed record. If that fails the result is readable again, and is deleted when
    /// its retention ends.
    pub async fn delete_consumed(&self, id: TaskId) {
        match self.records.delete(id, None).await {
            Ok(_) => log::debug!("task.id" = id; "result consumed"),
            Err(error) => log::warn!("task.id" = id; "consumed result stays for now: {error}"),
        }
        lock(&self.shared.consumed).remove(&id);
    }

    /// Says whether storage answers now, within [`CHECK_TIMEOUT`].
    pub async fn check_storage(&self) -> Result<(), StorageError> {
        let check = async {
            self.store.check().await?;
            self.queue.length().await.map(drop)
        };
        tokio::time::timeout(CHECK_TIMEOUT, check)
            .await
            .unwrap_or_else(|_| {
                Err(StorageError::transient(
                    "check storage",
                    "it does not answer",
                ))
            })
    }

    /// The process's counters and the queue's length, in the Prometheus text format.
    pub async fn metrics(&self) -> Result<String, StorageError> {
        Ok(self
            .shared
            .metrics
            .to_prometheus(self.queue.length().await?))
    }
}

/// A panic while one of these short sections held the lock leaves the value whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
