//! Tasks that have lost their message: told apart from those that wait, and sent again.
//!
//! A message is lost when a process dies between record and message, or when somebody clears the
//! queue. Age alone proves nothing, because a queue may be long. What does:
//!
//! - *The queue is empty*, hidden messages included. Azure's count is never lower than the truth
//!   ([Get Queue Metadata](https://learn.microsoft.com/rest/api/storageservices/get-queue-metadata)).
//!   Then no task has a message but those whose process is just about to send it: a record that is
//!   about to has changed within [`LOST_AFTER`].
//! - *The queue has moved on*: [`HIDDEN_AT_MOST`] ago its front was a message that was sent later. So
//!   the task's own was taken by then, and whoever took it would have shown the task as running, ended
//!   it or put it off.
//!
//! Neither counts while there is a dead letter that this sweep has not looked at: its task
//! is not lost, it is about to fail.
//!
//! The message of a kind with a queue of its own may be in the main queue as well, where an older process
//! has sent it. So what counts is evidence about both. Of a kind that is not known here the queue is not
//! known either: where others may know it, its tasks are theirs.
//!
//! The record is claimed with a conditional write before the message is sent, so of two sweeps one
//! sends. Should a message exist all the same, there are two, and the first terminal write wins.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::limits::{HIDDEN_AT_MOST, LOST_AFTER, WALK_CONCURRENCY};
use crate::local::endings::Endings;
use crate::local::sync::{Mutex, lock};
use crate::model::count::Count;
use crate::model::id::TaskId;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskError, TaskRecord, TaskState, TaskStatus};
use crate::policies::max_attempts;
use crate::queue::{TaskQueue, TaskQueues};
use crate::records::{Followed, NextMessage, RecordError, Records, Then, Versioned};
use crate::sweep::refused::Refused;
use ports::crash::{CrashPoint, crash_point};
use ports::{Clock, ETag, Listed, QueueName, StorageError, Timestamp};
use work::Kinds;

/// How many dead letters stay in each queue without being a task's.
pub(crate) type Nameless = HashMap<QueueName, usize>;

/// Sends lost tasks again.
#[derive(Clone)]
pub(crate) struct Rescue {
    pub(crate) records: Records,
    pub(crate) queues: TaskQueues,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) has_other_workers: bool,
    /// When this process began.
    pub(crate) started_at: Timestamp,
    /// Of each queue in which a lost message could have been.
    pub(crate) fronts: Arc<Mutex<HashMap<QueueName, Fronts>>>,
    pub(crate) endings: Endings,
    pub(crate) kinds: Arc<Kinds>,
}

impl Rescue {
    /// Sends those of these records again whose message is lost, and says how many.
    pub(crate) async fn run(
        &self,
        listed: &[Listed],
        nameless: &Nameless,
        is_over: &impl Fn() -> bool,
    ) -> Result<usize, StorageError> {
        let now = self.clock.now();
        let suspects: Vec<_> = listed
            .iter()
            .filter_map(|listed| self.suspect(listed, now))
            .collect();
        let mut seen = HashMap::new();
        let mut lost = Vec::new();
        for (id, listed) in suspects {
            let kind = listed.head.as_ref().map_or("", |head| &head.kind);
            let horizon = self.horizon_of(kind, &mut seen, now, nameless).await?;
            if let Some(horizon) = horizon.filter(|horizon| listed.modified_at < horizon.front) {
                lost.push((id, listed, horizon));
            }
        }
        let mut rescued = 0;
        let mut refused = Refused::default();
        for some in lost.chunks(WALK_CONCURRENCY) {
            if is_over() {
                break;
            }
            let sent = some
                .iter()
                .map(|(id, listed, horizon)| self.rescue(*id, listed, *horizon));
            for sent in join_all(sent).await {
                match sent {
                    Ok(sent) => rescued += usize::from(sent),
                    Err(RecordError::Storage(error)) => refused.unless_passing(error)?,
                    // It is another process's, which knows what it waits for.
                    Err(RecordError::Unreadable(error)) if error.is_newer() => {}
                    Err(RecordError::Unreadable(error)) => refused.add(error.to_string()),
                }
            }
        }
        refused.report("rescued");
        Ok(rescued)
    }

    /// A task that has not ended, and whose message has been sent if it ever was.
    fn suspect<'a>(&self, listed: &'a Listed, now: Timestamp) -> Option<(TaskId, &'a Listed)> {
        let head = listed.head.as_ref()?;
        let status = TaskStatus::parse(&head.status)?;
        let is_ours = !self.has_other_workers || self.kinds.get(&head.kind).is_some();
        let is_settled = listed.modified_at < now - LOST_AFTER
            // Nobody else writes here, and this process has not touched it.
            || (!self.has_other_workers && listed.modified_at < self.started_at);
        if status.is_terminal() || !is_settled || !is_ours {
            return None;
        }
        Some((listed.name.parse().ok()?, listed))
    }

    /// Up to where no message of a kind is known to be; `None` when nothing is known. What was `seen` of a
    /// queue is not looked at again.
    async fn horizon_of<'a>(
        &'a self,
        kind: &str,
        seen: &mut HashMap<&'a QueueName, Option<Horizon>>,
        now: Timestamp,
        nameless: &Nameless,
    ) -> Result<Option<Horizon>, StorageError> {
        let mut horizons = Vec::new();
        // In their order: a message is in the next queue before it leaves the one before. Each is looked at,
        // whatever is known of the one before, because what it shows counts later.
        for queue in self.queues.places_of(kind) {
            let known = match seen.get(&queue.name) {
                Some(known) => *known,
                None => {
                    let nameless = nameless.get(&queue.name).copied().unwrap_or_default();
                    let known = self.horizon(queue, now, nameless).await?;
                    seen.insert(&queue.name, known);
                    known
                }
            };
            horizons.push(known);
        }
        let known: Option<Vec<_>> = horizons.into_iter().collect();
        Ok(known.and_then(|known| known.into_iter().reduce(Horizon::and)))
    }

    /// Up to where the queue is known to hold nothing; `None` when nothing is known.
    async fn horizon(
        &self,
        queue: &TaskQueue,
        now: Timestamp,
        nameless: usize,
    ) -> Result<Option<Horizon>, StorageError> {
        let horizon = match queue.messages.length().await? {
            Some(0) => Some(Horizon {
                front: now,
                seen_at: now,
            }),
            None => None,
            Some(_) => {
                let front = queue.messages.front().await?;
                front.and_then(|front| {
                    let mut fronts = lock(&self.fronts);
                    fronts
                        .entry(queue.name.clone())
                        .or_default()
                        .passed(Horizon {
                            front: front - LOST_AFTER,
                            seen_at: now,
                        })
                })
            }
        };
        // In this order: a message is among the dead letters before it leaves its own queue.
        let dead = queue.dead_letters.length().await?;
        Ok(horizon.filter(|_| dead.is_some_and(|dead| dead <= nameless as u64)))
    }

    async fn rescue(
        &self,
        id: TaskId,
        listed: &Listed,
        horizon: Horizon,
    ) -> Result<bool, RecordError> {
        let Some(mut task) = self.records.read(id).await? else {
            return Ok(false);
        };
        // The evidence is about the version that was listed.
        if task.etag.as_ref() != Some(&listed.etag) || !horizon.is_past(&task.record.state) {
            return Ok(false);
        }
        let max_attempts = max_attempts(&self.kinds, &task.record.kind);
        if matches!(task.record.state, TaskState::Running { .. })
            && task.record.attempts >= max_attempts
        {
            return Ok(self.give_up(task).await?);
        }
        task.record.state = TaskState::queued();
        let tell = |record: &TaskRecord, etag: Option<&ETag>, _: u32| {
            let message = TaskMessage {
                count: Count::without_message(record.attempts, max_attempts),
                ..TaskMessage::of(record, etag)
            };
            message.to_text()
        };
        let queue = self.queues.of(&task.record.kind);
        let then = Then {
            send: Some(NextMessage {
                queue: &queue.name,
                tell: &tell,
                delay: Duration::ZERO,
                held: None,
                unsent: Some(CrashPoint::SweepAfterClaim),
            }),
            settle: None,
        };
        match self.records.replace_then(&mut task, then).await? {
            None => return Ok(false),
            Some(Followed::Unsent(error) | Followed::Unsettled(error)) => return Err(error.into()),
            Some(Followed::All { .. }) => {}
        }
        let TaskRecord { kind, attempts, .. } = &task.record;
        queue.wake();
        crash_point(CrashPoint::SweepAfterResend);
        log::warn!("task.id" = id, "task.kind" = kind, attempt = attempts, "trace.id" = task.record.trace_id(); "task had lost its message, sent again");
        Ok(true)
    }

    /// The worker died in the last attempt, and the message is gone with it.
    async fn give_up(&self, mut task: Versioned) -> Result<bool, StorageError> {
        task.record.state = TaskState::Failed {
            error: TaskError {
                code: "WorkerLost".to_owned(),
                message: "the worker broke off during the last attempt".to_owned(),
            },
        };
        let failed = self.records.replace(&mut task).await?;
        if failed {
            self.endings.ended(Cow::Borrowed(&task.record), None);
            log::warn!("task.id" = task.record.id, "task.kind" = task.record.kind, "trace.id" = task.record.trace_id(); "task had lost its worker in the last attempt");
        }
        Ok(failed)
    }
}

/// Up to where the queue holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Horizon {
    /// No message of a record that last changed before this is in the queue,
    front: Timestamp,
    /// unless it was put off beyond this.
    seen_at: Timestamp,
}

impl Horizon {
    /// Up to where neither queue holds anything.
    fn and(self, other: Self) -> Self {
        Self {
            front: self.front.min(other.front),
            seen_at: self.seen_at.min(other.seen_at),
        }
    }

    fn is_past(self, state: &TaskState) -> bool {
        let hidden_until = match state {
            TaskState::Queued { due_at, .. } => *due_at,
            TaskState::Running { handed_over, .. } => handed_over.map(|handed| handed.until),
            _ => None,
        };
        hidden_until.is_none_or(|until| until + LOST_AFTER < self.seen_at)
    }
}

/// What was seen at the front of the queue, long enough ago to tell something.
#[derive(Debug, Default)]
pub(crate) struct Fronts {
    /// Seen less than [`HIDDEN_AT_MOST`] ago: who took a message just before may still have it.
    fresh: Option<Horizon>,
    old: Option<Horizon>,
}

impl Fronts {
    /// Takes note of the front as it is now, and gives what is known.
    fn passed(&mut self, now: Horizon) -> Option<Horizon> {
        let fresh = *self.fresh.get_or_insert(now);
        if now.seen_at - fresh.seen_at >= HIDDEN_AT_MOST {
            self.old = Some(fresh);
            self.fresh = Some(now);
        }
        self.old
    }
}
