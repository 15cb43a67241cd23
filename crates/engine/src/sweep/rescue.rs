//! Tasks that have lost their message: told apart from those that wait, and sent again.
//!
//! A message is lost when a process dies between record and message, or when somebody clears the
//! queue. Age alone proves nothing, because a queue may be long. What does:
//!
//! - *The queue is empty*, hidden messages included. Azure's count is never lower than the truth
//!   ([Get Queue Metadata](https://learn.microsoft.com/rest/api/storageservices/get-queue-metadata)).
//!   Then no task has a message but those whose process is just about to send it: a record that is
//!   about to has changed within [`LOST_AFTER`].
//! - *Nobody who lives has it*: nothing was visible in the queue [`SILENT_AT_MOST`] ago, nor since. So
//!   whoever had taken the message by then would have shown a sign of life. This tells of a host that died,
//!   which hides what it held for ten minutes. Asked only where there are other processes.
//! - *The queue has moved on*: [`HIDDEN_AT_MOST`](crate::limits::HIDDEN_AT_MOST) ago its front was a message that was sent later. So
//!   the task's own was taken by then, and whoever took it would have shown the task as running, ended
//!   it or put it off.
//!
//! None counts while there is a dead letter that this sweep has not looked at: its task
//! is not lost, it is about to fail.
//!
//! The message of a kind with a queue of its own may be in the main queue as well, where an older process
//! has sent it. So what counts is evidence about both. Of a kind that is not known here the queue is not
//! known either: where others may know it, its tasks are theirs.
//!
//! The record is claimed with a conditional write before the message is sent, so of two sweeps one
//! sends. Should a message exist all the same, there are two, and the first terminal write wins. Where one
//! does exist, because its host is dead, the one that is sent tells nothing of the work: who gets either of
//! them reads the record, and leaves an attempt alone that lives.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::limits::{LOST_AFTER, SILENT_AT_LIMIT, SILENT_AT_MOST, WALK_CONCURRENCY};
use crate::local::endings::Endings;
use crate::local::sync::{Mutex, lock};
use crate::model::count::Count;
use crate::model::id::TaskId;
use crate::model::instance::Purpose;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskError, TaskRecord, TaskState, TaskStatus};
use crate::policies::max_attempts;
use crate::queue::{TaskQueue, TaskQueues};
use crate::records::{Followed, NextMessage, Outgoing, RecordError, Records, Then, Versioned};
use crate::sweep::fronts::{Fronts, Horizon, Look};
use crate::sweep::refused::Refused;
use ports::crash::{CrashPoint, crash_point};
use ports::{Clock, ETag, Listed, QueueName, StorageError, Timestamp};
use work::Kinds;

/// How many dead letters stay in each queue, because nobody here can read the records of their tasks.
pub(crate) type Staying = HashMap<QueueName, usize>;

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
        staying: &Staying,
        is_over: &impl Fn() -> bool,
    ) -> Result<usize, StorageError> {
        let now = self.clock.now();
        let unfinished: Vec<_> = listed
            .iter()
            .filter_map(|listed| self.unfinished(listed))
            .collect();
        let mut seen = HashMap::new();
        let mut lost = Vec::new();
        for (id, kind, listed) in unfinished {
            if let Some(due_at) = yet_to_come(listed, now) {
                // Not lost before its time; and by then somebody looks.
                self.queues.of(kind).due_times.add(due_at, now);
                continue;
            }
            let is_settled = self.is_settled(listed, now);
            // What is seen now counts later, also for those that have just changed.
            if !is_settled && !self.has_other_workers {
                continue;
            }
            let horizon = self.horizon_of(kind, &mut seen, now, staying).await?;
            let horizon =
                horizon.filter(|horizon| is_settled && listed.modified_at < horizon.front);
            if let Some(horizon) = horizon {
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

    /// A task that has not ended, and its kind.
    fn unfinished<'a>(&self, listed: &'a Listed) -> Option<(TaskId, &'a str, &'a Listed)> {
        let head = listed.head.as_ref()?;
        let status = TaskStatus::parse(&head.status)?;
        let is_ours = !self.has_other_workers || self.kinds.get(&head.kind).is_some();
        if status.is_terminal() || !is_ours {
            return None;
        }
        Some((listed.name.parse().ok()?, &head.kind, listed))
    }

    /// Whether the message of a task has been sent if it ever was.
    fn is_settled(&self, listed: &Listed, now: Timestamp) -> bool {
        listed.modified_at < now - LOST_AFTER
            // Nobody else writes here, and this process has not touched it.
            || (!self.has_other_workers && listed.modified_at < self.started_at)
    }

    /// How long a message of a kind may be held without a sign of life.
    fn silent_at_most(&self, kind: &str) -> Duration {
        let kind = self.kinds.get(kind);
        match kind.is_some_and(|kind| kind.policy.concurrency.is_some()) {
            true => SILENT_AT_LIMIT,
            false => SILENT_AT_MOST,
        }
    }

    /// Up to where no message of a kind is known to be; `None` when nothing is known. What was `seen` of a
    /// queue is not looked at again.
    async fn horizon_of<'a>(
        &'a self,
        kind: &str,
        seen: &mut HashMap<&'a QueueName, Look>,
        now: Timestamp,
        staying: &Staying,
    ) -> Result<Option<Horizon>, StorageError> {
        let mut horizons = Vec::new();
        // In their order: a message is in the next queue before it leaves the one before. Each is looked at,
        // whatever is known of the one before, because what it shows counts later.
        for queue in self.queues.places_of(kind) {
            let known = match seen.get(&queue.name) {
                Some(known) => *known,
                None => {
                    let staying = staying.get(&queue.name).copied().unwrap_or_default();
                    let known = self.look(queue, now, staying).await?;
                    seen.insert(&queue.name, known);
                    known
                }
            };
            horizons.push(match known {
                Look::Known(horizon) => Some(horizon),
                Look::Nothing => None,
                Look::Hidden => {
                    let fronts = lock(&self.fronts);
                    let fronts = fronts.get(&queue.name);
                    fronts.and_then(|fronts| fronts.silent(now - self.silent_at_most(kind)))
                }
            });
        }
        let known: Option<Vec<_>> = horizons.into_iter().collect();
        Ok(known.and_then(|known| known.into_iter().reduce(Horizon::and)))
    }

    /// What a queue tells now.
    async fn look(
        &self,
        queue: &TaskQueue,
        now: Timestamp,
        staying: usize,
    ) -> Result<Look, StorageError> {
        let length = queue.messages.length().await?;
        let front = match length {
            None | Some(0) => None,
            Some(_) => queue.messages.front().await?,
        };
        // In this order: a message is among the dead letters before it leaves its own queue.
        let dead = queue.dead_letters.length().await?;
        let mut fronts = lock(&self.fronts);
        let fronts = fronts.entry(queue.name.clone()).or_default();
        let look = match (length, front) {
            (None, _) => Look::Nothing,
            (Some(0), _) => {
                fronts.hidden(now);
                Look::Known(Horizon::of(now, now))
            }
            (Some(_), None) if self.has_other_workers => {
                fronts.hidden(now);
                Look::Hidden
            }
            (Some(_), None) => Look::Nothing,
            (Some(_), Some(front)) => fronts
                .passed(Horizon::of(front - LOST_AFTER, now))
                .map_or(Look::Nothing, Look::Known),
        };
        let is_whole = dead.is_some_and(|dead| dead <= staying as u64);
        Ok(if is_whole { look } else { Look::Nothing })
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
        if task.record.instance.is_some() {
            return self.rescue_instance(task).await;
        }
        let max_attempts = max_attempts(&self.kinds, &task.record.kind);
        if matches!(task.record.state, TaskState::Running { .. })
            && task.record.attempts >= max_attempts
        {
            return Ok(self.give_up(task).await?);
        }
        if horizon.is_held && matches!(task.record.state, TaskState::Queued { .. }) {
            // Somebody has begun it, and did not come to show that.
            task.record.attempts = task.record.attempts.saturating_add(1);
        }
        task.record.state = TaskState::queued();
        let tell = |record: &TaskRecord, etag: Option<&ETag>, _: u32| {
            let mut message = TaskMessage {
                count: Count::without_message(record.attempts, max_attempts),
                ..TaskMessage::of(record, etag)
            };
            if horizon.is_held {
                message.input = None;
            }
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
            ..Then::default()
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

    /// Sends all that is open of an instance, whose messages are not told apart here.
    async fn rescue_instance(&self, mut task: Versioned) -> Result<bool, RecordError> {
        let message = TaskMessage::about(&task.record, Purpose::Everything);
        let queue = self.queues.of(&task.record.kind);
        let message = [Outgoing {
            queue: queue.name.clone(),
            text: message.to_text(),
            delay: Duration::ZERO,
        }];
        match self.records.advance(&mut task, &message, None).await? {
            None => return Ok(false),
            Some(Followed::Unsent(error) | Followed::Unsettled(error)) => return Err(error.into()),
            Some(Followed::All { .. }) => {}
        }
        queue.wake();
        crash_point(CrashPoint::SweepAfterResend);
        let TaskRecord { id, kind, .. } = &task.record;
        log::warn!("task.id" = id, "task.kind" = kind, "trace.id" = task.record.trace_id(); "instance had lost a message, all that is open is sent again");
        Ok(true)
    }

    /// The worker died in the last attempt, and the message is gone with it.
    async fn give_up(&self, mut task: Versioned) -> Result<bool, StorageError> {
        if task.record.callback_url.is_some() {
            // Whoever receives it finds that the task has ended, and tells that, should nobody have.
            let (record, queue) = (&task.record, self.queues.of(&task.record.kind));
            let max_attempts = max_attempts(&self.kinds, &record.kind);
            let message = TaskMessage {
                count: Count::without_message(record.attempts, max_attempts),
                ..TaskMessage::of(record, task.etag.as_ref())
            };
            queue
                .messages
                .send(&message.to_text(), Duration::ZERO)
                .await?;
        }
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

/// When a task is due that waits for a time, by the head of its record.
fn yet_to_come(listed: &Listed, now: Timestamp) -> Option<Timestamp> {
    let due_at = listed.head.as_ref()?.due_at()?;
    (due_at > now).then_some(due_at)
}
