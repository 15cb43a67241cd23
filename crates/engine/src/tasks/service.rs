//! What clients can ask for: submit, look, and consume. Knows records and queues, not HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::kinds::{InvalidInput, Kinds};
use crate::limits::{CHECK_TIMEOUT, MAX_DELETIONS};
use crate::local::backlog::{Backlog, Look, Place};
use crate::local::estimate::Estimate;
use crate::local::metrics::{Gauges, Metrics};
use crate::local::running::Running;
use crate::local::waiting::Waiters;
use crate::model::id::TaskId;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskRecord, UnreadableRecord};
use crate::queue::TaskQueue;
use crate::records::{RecordError, Records, Versioned};
use crate::sweep::rescue::Fronts;
use crate::tasks::listing::Hints;
use crate::worker::attempt::Took;
use ports::crash::{CrashPoint, crash_point};
use ports::{Clock, ETag, Operations, Step, StorageError, TaskStore, Text, Timestamp, Written};

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
}

/// Why a submission was not accepted. Nothing is stored then.
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
    /// More messages wait than the configured limit allows.
    #[error("too many tasks are waiting")]
    QueueFull,
    /// The record or the message could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The store holds something else under the task's id.
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
}

impl From<RecordError> for SubmitError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Storage(error) => Self::Storage(error),
            RecordError::Unreadable(error) => Self::Unreadable(error),
        }
    }
}

/// What every thread of the process shares.
pub struct Shared {
    /// The registered kinds.
    pub kinds: Kinds,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the process has done so far.
    pub metrics: Metrics,
    /// What it has asked of storage so far.
    pub operations: Arc<dyn Operations>,
    /// Told when a message has been sent, so that a loop in this process looks at once.
    pub wake: Notify,
    /// Canceled when the process is told to stop: nobody is kept waiting, and no new work begins.
    pub stopping: CancellationToken,
    /// How many attempts compute side by side in this process.
    pub concurrency: usize,
    /// Whether other processes may work on the same store.
    pub has_other_workers: bool,
    /// Submissions are refused while so many messages wait; `None`: never.
    pub max_queue_length: Option<u64>,
    /// Results whose reply has been written and whose deletion is under way: they are gone for
    /// every later reader, although the store may still hold them for a moment. By how many readers,
    /// because one of them may yet hang up.
    consumed: Mutex<HashMap<TaskId, usize>>,
    /// Places for their deletions.
    deletions: Arc<Semaphore>,
    /// How many messages wait, as far as this process knows.
    pub(crate) backlog: Arc<Backlog>,
    /// Clients that wait for a task to end.
    pub(crate) waiters: Waiters,
    /// Attempts under way.
    pub(crate) running: Running,
    /// How long tasks take.
    estimate: Estimate,
    /// What the listings before know of when tasks were made.
    pub(crate) list_hints: Mutex<Hints>,
    /// When this process began.
    pub(crate) started_at: Timestamp,
    /// Where the next sweep's walk through the records goes on.
    pub(crate) walk_position: Mutex<Option<String>>,
    /// What the rescue of lost tasks has seen of the queue.
    pub(crate) fronts: Mutex<Fronts>,
}

impl Shared {
    /// Nothing is shared yet but the settings.
    pub fn new(
        kinds: Kinds,
        clock: Arc<dyn Clock>,
        operations: Arc<dyn Operations>,
        max_queue_length: Option<u64>,
        concurrency: usize,
        has_other_workers: bool,
    ) -> Self {
        let started_at = clock.now();
        Self {
            metrics: Metrics::new(&kinds),
            kinds,
            clock,
            operations,
            wake: Notify::new(),
            stopping: CancellationToken::new(),
            max_queue_length,
            concurrency,
            has_other_workers,
            consumed: Mutex::default(),
            deletions: Arc::new(Semaphore::new(MAX_DELETIONS)),
            backlog: Arc::default(),
            waiters: Waiters::default(),
            running: Running::default(),
            estimate: Estimate::default(),
            list_hints: Mutex::default(),
            started_at,
            walk_position: Mutex::default(),
            fronts: Mutex::default(),
        }
    }

    /// Tells of a task that this process has just ended, and how long its last attempt took, if that is
    /// what ended it.
    pub(crate) fn ended(&self, record: &TaskRecord, took: Option<Took>) {
        self.metrics
            .task_ended(&record.kind, record.status(), record.attempts, took);
        if let Some(kind) = self.kinds.name(&record.kind) {
            self.estimate.ended(kind, took.map(|took| took.work));
        }
        self.waiters.ended(record);
    }
}

/// A place among the deletions under way.
#[derive(Debug)]
pub struct PlaceToDelete {
    /// The semaphore is never closed.
    _place: Option<OwnedSemaphorePermit>,
}

/// The tasks, as their clients see them.
#[derive(Clone)]
pub struct Tasks {
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) records: Records,
    pub(crate) queue: TaskQueue,
    pub(crate) shared: Arc<Shared>,
}

impl Tasks {
    /// Over a store, and a queue that it can send to.
    pub fn new(store: Arc<dyn TaskStore>, queue: TaskQueue, shared: Arc<Shared>) -> Self {
        let records = Records::new(Arc::clone(&store), Arc::clone(&shared.clock));
        Self {
            store,
            records,
            queue,
            shared,
        }
    }

    /// An id for a task that is about to be submitted.
    pub fn new_id(&self) -> TaskId {
        TaskId::new(self.shared.clock.now())
    }

    /// Says whether a submission would be refused for what it is.
    pub fn check(&self, submission: &Submission) -> Result<(), SubmitError> {
        let kind =
            self.shared
                .kinds
                .get(&submission.kind)
                .ok_or_else(|| SubmitError::UnknownKind {
                    known: self.shared.kinds.names_for_people(),
                })?;
        Ok(kind.check(&submission.input)?)
    }

    /// Accepts work: there is a record, and a message for a worker.
    ///
    /// Runs to its end even when the caller stops waiting: a client that hangs up between the two
    /// must not leave half a task.
    pub async fn submit(&self, submission: Submission) -> Result<TaskRecord, SubmitError> {
        self.check(&submission)?;
        let place = self.place().await?;
        let tasks = self.clone();
        tokio::spawn(async move { tasks.accept(submission, place).await })
            .await
            .unwrap_or_else(|_| {
                Err(StorageError::permanent("accept task", "accepting it broke off").into())
            })
    }

    async fn accept(self, submission: Submission, place: Place) -> Result<TaskRecord, SubmitError> {
        let Submission {
            id,
            kind,
            input,
            traceparent,
        } = submission;
        let now = self.shared.clock.now();
        let record = TaskRecord {
            traceparent,
            ..TaskRecord::queued(id, kind, input, now)
        };
        let tell = |etag: Option<&ETag>| {
            crash_point(CrashPoint::AfterRecord);
            TaskMessage::of(&record, etag).to_text()
        };
        let (name, document) = (id.text(), record.to_document());
        let steps = [
            Step::Create {
                name: &name,
                document: &document,
            },
            Step::Send {
                queue: &self.queue.name,
                text: Text::Of(&tell),
                delay: Duration::ZERO,
            },
        ];
        let record = match self.store.write(&steps).await? {
            Written::Done { .. } => record,
            Written::Not { .. } => self.carry_on(id, now).await?,
            Written::Partly { etag, cause, .. } => {
                // The client gets no id, so nobody will ask for this record, and need not wait for its
                // removal. If that fails too, the record stays behind as queued.
                let records = self.records.clone();
                tokio::spawn(async move { records.delete(id, etag.as_ref()).await });
                return Err(cause.into());
            }
        };
        if record.status().is_terminal() {
            return Ok(record);
        }
        place.fill();
        crash_point(CrashPoint::AfterMessage);
        self.shared.metrics.accepted(&record.kind);
        self.shared.wake.notify_one();
        if let Some(look) = self.shared.backlog.due(now) {
            self.look_up(look);
        }
        log::info!("task.id" = id, "task.kind" = record.kind, "trace.id" = record.trace_id(); "task accepted");
        Ok(record)
    }

    /// Sends a message for the record that is there under a new task's id, unless it has ended.
    ///
    /// Ids are unique, so it is ours: a retry met the first try's success, which was written at the time
    /// of this submission and is undone with it; or a submission with an idempotency key is carried on, whose
    /// task may have been acknowledged, and stays whatever happens.
    async fn carry_on(&self, id: TaskId, now: Timestamp) -> Result<TaskRecord, SubmitError> {
        let gone = || StorageError::transient("accept task", "its record came and went");
        let Versioned { record, etag } = self.records.read(id).await?.ok_or_else(gone)?;
        if record.status().is_terminal() {
            return Ok(record);
        }
        let message = TaskMessage::of(&record, etag.as_ref()).to_text();
        if let Err(error) = self.queue.messages.send(&message, Duration::ZERO).await {
            if record.updated_at == now {
                let records = self.records.clone();
                tokio::spawn(async move { records.delete(id, etag.as_ref()).await });
            }
            return Err(error.into());
        }
        Ok(record)
    }

    /// A place in the queue for a submission. Where there is a limit, the length is looked up when it
    /// is too old, by one submission for all that come meanwhile.
    async fn place(&self) -> Result<Place, SubmitError> {
        let Shared {
            backlog,
            clock,
            max_queue_length: max,
            ..
        } = &*self.shared;
        let now = clock.now();
        if max.is_some()
            && let Some((looked, look)) = backlog.outdated(now)
        {
            if let Some(look) = look {
                self.look_up(look);
            }
            looked.await;
            if !backlog.is_fresh(now) {
                let cause = "it was not told";
                return Err(StorageError::transient("look up the queue's length", cause).into());
            }
        }
        backlog.take(*max).ok_or(SubmitError::QueueFull)
    }

    /// Looks up the queue's length, whoever of those that wait for it hangs up.
    fn look_up(&self, look: Look) {
        let tasks = self.clone();
        tokio::spawn(async move {
            match tasks.queue.messages.length().await {
                Ok(Some(length)) => look.found(length, tasks.shared.clock.now()),
                Ok(None) => log::debug!("the queue does not tell its length"),
                Err(error) => log::warn!("queue's length not known: {error}"),
            }
        });
    }

    /// The record of a task and its version; `None` when there is none, or when its result was just
    /// consumed.
    pub async fn find(&self, id: TaskId) -> Result<Option<Versioned>, RecordError> {
        if lock(&self.shared.consumed).contains_key(&id) {
            return Ok(None);
        }
        self.records.read(id).await
    }

    /// Seconds after which a client should ask again for a task of this kind.
    pub fn retry_after(&self, kind: &str) -> u64 {
        let waiting = self.shared.backlog.waiting();
        self.shared
            .estimate
            .retry_after(kind, waiting, self.shared.concurrency)
    }

    /// Marks a result as consumed: from now on this process answers that there is none.
    /// Follow it with [`delete_consumed`](Self::delete_consumed) or [`keep`](Self::keep).
    pub fn consume(&self, id: TaskId) {
        *lock(&self.shared.consumed).entry(id).or_default() += 1;
    }

    /// Takes one [`consume`](Self::consume) back: the result did not reach its reader, or the store
    /// knows by now.
    pub fn keep(&self, id: TaskId) {
        let mut consumed = lock(&self.shared.consumed);
        if let Some(readers) = consumed.get_mut(&id) {
            *readers -= 1;
            if *readers == 0 {
                consumed.remove(&id);
            }
        }
    }

    /// Waits for a place among the deletions under way, of which there are [`MAX_DELETIONS`].
    pub async fn place_to_delete(&self) -> PlaceToDelete {
        let place = Arc::clone(&self.shared.deletions).acquire_owned().await;
        PlaceToDelete { _place: place.ok() }
    }

    /// Deletes a consumed record. If that fails the result is readable again, and is deleted when
    /// its retention ends.
    pub async fn delete_consumed(&self, id: TaskId, _place: PlaceToDelete) {
        crash_point(CrashPoint::AfterReply);
        match self.records.delete(id, None).await {
            Ok(_) => log::debug!("task.id" = id; "result consumed"),
            Err(error) => log::warn!("task.id" = id; "consumed result stays for now: {error}"),
        }
        self.keep(id);
    }

    /// Says whether storage answers now, within [`CHECK_TIMEOUT`].
    pub async fn check_storage(&self) -> Result<(), StorageError> {
        let check = async {
            self.store.check().await?;
            self.queue.messages.length().await.map(drop)
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

    /// The process's counters and what storage tells of the queue, in the Prometheus text format.
    pub async fn metrics(&self) -> Result<String, StorageError> {
        let now = self.shared.clock.now();
        let queue_length = self.queue.messages.length().await?;
        let oldest = self.queue.messages.front().await?;
        let gauges = Gauges {
            queue_length,
            oldest_message: oldest.and_then(|sent_at| Duration::try_from(now - sent_at).ok()),
            waiters: self.shared.waiters.count(),
            operations: self.shared.operations.counts(),
        };
        Ok(self.shared.metrics.to_prometheus(&gauges))
    }
}

/// A panic while one of these short sections held the lock leaves the value whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
