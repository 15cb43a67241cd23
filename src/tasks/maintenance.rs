//! One sweep: what keeps the promise when something went wrong before. Each duty does one pass
//! of bounded work and counts; the loop around it is the host's timer or the standalone one.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::consumer::Consumer;
use super::id::TaskId;
use super::idempotency;
use super::limits::{PRUNE_BUDGET, PRUNE_CONCURRENCY, RECEIVE_PAGE, SWEEP_BUDGET, SWEEP_PAGE};
use super::service::{Shared, lock};
use super::task::TaskStatus;
use crate::crash::{CrashPoint, crash_point};
use crate::ports::{Listed, StorageError, TaskStore, Timestamp};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Messages taken from the queue and settled.
    pub drained: usize,
    /// Poisoned messages whose task is now a failed record.
    pub buried: usize,
    /// Records deleted because their retention had ended.
    pub pruned: usize,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            drained,
            buried,
            pruned,
        } = self;
        write!(
            f,
            "swept: {drained} messages drained, {buried} tasks buried, {pruned} records pruned"
        )
    }
}

/// The duties of a sweep.
#[derive(Clone)]
pub struct Maintenance {
    store: Arc<dyn TaskStore>,
    consumer: Consumer,
    shared: Arc<Shared>,
    /// How long a terminal record is kept after its last change.
    retention: Duration,
}

impl Maintenance {
    /// Over this storage.
    pub fn new(
        store: Arc<dyn TaskStore>,
        consumer: Consumer,
        shared: Arc<Shared>,
        retention: Duration,
    ) -> Self {
        Self {
            store,
            consumer,
            shared,
            retention,
        }
    }

    /// Everything a timer is for when a host does the rest: the poison queue, what the queue still
    /// holds, and old records. A duty that fails does not keep the others from being done; the
    /// first failure is returned.
    pub async fn sweep(&self) -> Result<Swept, StorageError> {
        // The poison queue comes first, so that what this sweep itself poisons stays to be seen
        // for a while.
        let buried = self.drain_poison_queue().await;
        let drained = self.drain_queue(SWEEP_BUDGET).await;
        let pruned = self.prune().await;
        Ok(Swept {
            drained: drained?,
            buried: buried?,
            pruned: pruned?,
        })
    }

    /// The same where a loop of this process already empties the queue.
    pub async fn sweep_beside_loop(&self) -> Result<Swept, StorageError> {
        let buried = self.drain_poison_queue().await;
        let pruned = self.prune().await;
        Ok(Swept {
            drained: 0,
            buried: buried?,
            pruned: pruned?,
        })
    }

    /// Works off the queue, page by page, until it is empty or the budget is used up.
    /// Messages of a page run side by side: a bad or a slow one does not stop the others.
    async fn drain_queue(&self, budget: Duration) -> Result<usize, StorageError> {
        let begun = Instant::now();
        let mut drained = 0;
        while begun.elapsed() < budget && !self.consumer.is_stopping() {
            let page = self.consumer.receive(RECEIVE_PAGE).await?;
            if page.is_empty() {
                break;
            }
            drained += page.len();
            crash_point(CrashPoint::SweepAfterReceive);
            join_all(
                page.into_iter()
                    .map(|received| self.consumer.process(received)),
            )
            .await;
        }
        Ok(drained)
    }

    /// Turns one page of the poison queue into failed records. Messages that name no task stay.
    async fn drain_poison_queue(&self) -> Result<usize, StorageError> {
        let page = self.consumer.receive_poisoned(RECEIVE_PAGE).await?;
        let (mut buried, mut nameless) = (0, 0);
        for received in &page {
            match self.consumer.bury(received).await {
                Ok(true) => buried += 1,
                Ok(false) => nameless += 1,
                Err(error) => {
                    log::warn!("message.id" = received.id.as_str(); "poisoned message stays for now: {error}");
                }
            }
        }
        if nameless > 0 {
            log::warn!("the poison queue holds {nameless} messages that name no task");
        }
        Ok(buried)
    }

    /// Deletes records past their retention, one page of the listing in a pass, and no longer than
    /// [`PRUNE_BUDGET`]; what is left of the page comes with the next pass.
    async fn prune(&self) -> Result<usize, StorageError> {
        let begun = Instant::now();
        let now = self.shared.clock.now();
        let position = lock(&self.shared.prune_position).clone();
        let page = self.store.list("", position.as_deref(), SWEEP_PAGE).await?;
        let expired: Vec<_> = page
            .items
            .iter()
            .filter(|listed| self.is_expired(listed, now))
            .collect();
        let mut pruned = 0;
        for some in expired.chunks(PRUNE_CONCURRENCY) {
            if begun.elapsed() > PRUNE_BUDGET || self.consumer.is_stopping() {
                return Ok(pruned);
            }
            // With its ETag: a task that was revived meanwhile stays.
            let deletions = some
                .iter()
                .map(|listed| self.store.delete(&listed.name, Some(&listed.etag)));
            for deleted in join_all(deletions).await {
                pruned += usize::from(deleted?);
            }
            crash_point(CrashPoint::SweepAfterPrune);
        }
        *lock(&self.shared.prune_position) = page.next;
        Ok(pruned)
    }

    fn is_expired(&self, listed: &Listed, now: Timestamp) -> bool {
        let Some(retention) = self.retention_of(listed) else {
            return false;
        };
        let oldest_kept = Duration::try_from(now - Timestamp::UNIX_EPOCH)
            .ok()
            .and_then(|since_epoch| since_epoch.checked_sub(retention));
        oldest_kept.is_some_and(|kept| listed.modified_at < Timestamp::UNIX_EPOCH + kept)
    }

    /// How long a record of ours is kept that has ended. Blobs that something else keeps in the same
    /// container are never touched.
    fn retention_of(&self, listed: &Listed) -> Option<Duration> {
        let head = listed.head.as_ref()?;
        if let Some(retention) = idempotency::retention(&listed.name, head) {
            return Some(retention);
        }
        let is_terminal = TaskStatus::parse(&head.status).is_some_and(TaskStatus::is_terminal);
        let is_task = listed.name.parse::<TaskId>().is_ok();
        (is_task && is_terminal).then_some(self.retention)
    }
}
