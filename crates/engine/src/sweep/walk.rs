//! The walk through the records: old ones are deleted, tasks that may have lost their message are handed to
//! the rescue, and what instances have left behind is deleted. Some pages in a pass; the next pass goes on where this one ended.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::limits::{DEAD_MESSAGE_RETENTION, SWEEP_PAGE, WALK_CONCURRENCY, WALK_PAGES};
use crate::local::sync::{Mutex, lock};
use crate::model::bulk;
use crate::model::dead_letter::{EntryName, is_of_message};
use crate::model::due;
use crate::model::id::TaskId;
use crate::model::task::TaskStatus;
use crate::model::told;
use crate::policies;
use crate::records::Records;
use crate::sweep::claims::Claims;
use crate::sweep::orphans::{Looks, Orphans};
use crate::sweep::refused::Refused;
use crate::sweep::rescue::{Rescue, Staying};
use crate::tasks::{idempotency, links};
use ports::crash::{CrashPoint, crash_point};
use ports::{Clock, Listed, StorageError, TaskStore, Timestamp};
use work::Kinds;

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Walked {
    /// Tasks that had lost their message, and have a new one or have failed.
    pub(crate) rescued: usize,
    /// Records deleted because their retention had ended, and what was left of instances that are gone.
    pub(crate) pruned: usize,
}

/// Where the next pass goes on: behind a name, or at the beginning.
pub(crate) type Position = Arc<Mutex<Option<String>>>;

/// Walks through the records.
#[derive(Clone)]
pub(crate) struct Walk {
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) records: Records,
    pub(crate) rescue: Rescue,
    pub(crate) orphans: Orphans,
    pub(crate) claims: Claims,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) position: Position,
    /// How long a terminal record is kept after its last change, unless its kind's policy says.
    pub(crate) retention: Duration,
    pub(crate) kinds: Arc<Kinds>,
}

impl Walk {
    /// Up to [`WALK_PAGES`] pages, unless it is over before or the last page is reached. What is left
    /// of a page comes with the next pass. For `staying` see [`Rescue::run`].
    pub(crate) async fn pass(
        &self,
        staying: &Staying,
        is_over: impl Fn() -> bool,
    ) -> Result<Walked, StorageError> {
        let (mut walked, mut looks) = (Walked::default(), Looks::default());
        for _ in 0..WALK_PAGES {
            let position = lock(&self.position).clone();
            let page = self.store.list("", position.as_deref(), SWEEP_PAGE).await;
            if page.as_ref().is_err_and(|error| !error.is_transient()) {
                // It may be the position that storage refuses: the next pass begins anew.
                *lock(&self.position) = None;
            }
            let page = page?;
            let is_last = page.next.is_none();
            walked.rescued += self.rescue.run(&page.items, staying, &is_over).await?;
            walked.pruned += self.prune(&page.items, &is_over).await?;
            self.claims.end(&page.items, &is_over).await?;
            walked.pruned += self.orphans.clear(&page, &mut looks, &is_over).await?;
            if is_over() {
                break;
            }
            *lock(&self.position) = page.next;
            if is_last {
                self.orphans.round_ended();
                break;
            }
        }
        Ok(walked)
    }

    async fn prune(
        &self,
        listed: &[Listed],
        is_over: &impl Fn() -> bool,
    ) -> Result<usize, StorageError> {
        let now = self.clock.now();
        let expired: Vec<_> = listed
            .iter()
            .filter(|listed| self.is_expired(listed, now))
            .collect();
        let mut pruned = 0;
        let mut refused = Refused::default();
        for some in expired.chunks(WALK_CONCURRENCY) {
            if is_over() {
                break;
            }
            // With its ETag: a task that was revived meanwhile stays.
            let deletions = some.iter().map(|listed| self.delete(listed));
            for deleted in join_all(deletions).await {
                match deleted {
                    Ok(deleted) => pruned += usize::from(deleted),
                    Err(error) => refused.unless_passing(error)?,
                }
            }
            crash_point(CrashPoint::SweepAfterPrune);
        }
        refused.report("deleted");
        Ok(pruned)
    }

    async fn delete(&self, listed: &Listed) -> Result<bool, StorageError> {
        // What belongs to an instance first: its record tells that there may be some.
        if let Some(id) = self.instance_of(listed) {
            self.records.clear_parts(id).await?;
        }
        self.store.delete(&listed.name, Some(&listed.etag)).await
    }

    /// The instance of a record, if it is one of a workflow.
    fn instance_of(&self, listed: &Listed) -> Option<TaskId> {
        let kind = self.kinds.get(&listed.head.as_ref()?.kind)?;
        kind.kind.version()?;
        listed.name.parse().ok()
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
        let of_no_task = idempotency::retention(&listed.name, head)
            .or_else(|| links::retention(&listed.name, head));
        if let Some(retention) = of_no_task {
            return Some(retention);
        }
        let is_terminal = TaskStatus::parse(&head.status).is_some_and(TaskStatus::is_terminal);
        let is_task = listed.name.parse::<TaskId>().is_ok();
        // The entry of a failure is written just before the record, and kept as long: so the walk needs to know
        // of none whether its record still tells of it.
        let entry_of = EntryName::parse(&listed.name).and_then(|_| is_of_message(head));
        if entry_of == Some(true) {
            return Some(self.retention.max(DEAD_MESSAGE_RETENTION));
        }
        let is_entry = entry_of.is_some()
            || due::is_note(&listed.name, head)
            || told::is_told(&listed.name, head)
            || bulk::is_count(&listed.name, head);
        ((is_task && is_terminal) || is_entry)
            .then(|| policies::retention(&self.kinds, &head.kind).unwrap_or(self.retention))
    }
}
