//! One sweep: what keeps the promise when something went wrong before. Each duty does one pass
//! of bounded work and counts; the loop around it is the host's timer or the standalone one.
//!
//! In calls to storage a sweep costs one for each page of the poison queue, one for each page of
//! records (up to [`WALK_PAGES`](crate::limits::WALK_PAGES)), three when a task may be lost, three for
//! each task that is, and one for each record that is deleted. Where nothing is left to do: two.

pub(crate) mod refused;
pub(crate) mod rescue;
pub(crate) mod walk;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::crash::{CrashPoint, crash_point};
use crate::limits::{BURIAL_BUDGET, IN_HAND_WAIT, RECEIVE_PAGE, SWEEP_BUDGET, WALK_BUDGET};
use crate::local::metrics::Metrics;
use crate::local::swept::Swept;
use crate::records::RecordError;
use crate::sweep::walk::{Walk, Walked};
use crate::worker::Outcome;
use crate::worker::consumer::Consumer;
use ports::StorageError;

/// The duties of a sweep.
#[derive(Clone)]
pub struct Maintenance {
    consumer: Consumer,
    walk: Walk,
    metrics: Arc<Metrics>,
    /// How many messages are received at a time while work lasts.
    concurrency: usize,
}

impl Maintenance {
    pub(crate) fn new(
        consumer: Consumer,
        walk: Walk,
        metrics: Arc<Metrics>,
        concurrency: usize,
    ) -> Self {
        Self {
            consumer,
            walk,
            metrics,
            concurrency,
        }
    }

    /// Everything a timer is for when a host does the rest: the poison queue, the records, and what
    /// the queue still holds. A duty that fails does not keep the others from being done; the first
    /// failure is returned.
    pub async fn sweep(&self) -> Result<Swept, StorageError> {
        let begun = Instant::now();
        let upkeep = self.upkeep(begun).await;
        // After the poison queue, so that what this sweep itself poisons stays to be seen for a
        // while; after the records, so that what they gave to the queue is done at once.
        let drained = self.drain_queue(begun + SWEEP_BUDGET).await;
        let mut swept = upkeep?;
        swept.drained = drained?;
        Ok(swept)
    }

    /// The same where a loop of this process already empties the queue.
    pub async fn sweep_beside_loop(&self) -> Result<Swept, StorageError> {
        self.upkeep(Instant::now()).await
    }

    async fn upkeep(&self, begun: Instant) -> Result<Swept, StorageError> {
        // The poison queue comes first: its tasks are not lost, they have failed.
        let buried = self.drain_poison_queue(begun + BURIAL_BUDGET).await;
        let until = begun + WALK_BUDGET;
        let is_over = || Instant::now() >= until || self.consumer.is_stopping();
        let nameless = buried.as_ref().map_or(0, |buried| buried.nameless);
        let walked = self.walk.pass(nameless, is_over).await;
        let (Buried { buried, nameless }, Walked { rescued, pruned }) = (buried?, walked?);
        let swept = Swept {
            drained: 0,
            buried,
            nameless,
            rescued,
            pruned,
        };
        self.metrics.swept(&swept);
        Ok(swept)
    }

    /// Works off the queue, page by page, until it is empty or the time is over, or until there are no
    /// slots: then those who have them work it off. The pages are large while work is quick.
    /// Messages of a page run side by side: a bad or a slow one does not stop the others.
    async fn drain_queue(&self, until: Instant) -> Result<usize, StorageError> {
        let small = RECEIVE_PAGE.min(u32::try_from(self.concurrency).unwrap_or(RECEIVE_PAGE));
        let mut drained = 0;
        let mut size = small;
        while Instant::now() < until && !self.consumer.is_stopping() {
            let begun = Instant::now();
            let page = self.consumer.receive(size).await?;
            if page.is_empty() {
                break;
            }
            drained += page.len();
            crash_point(CrashPoint::SweepAfterReceive);
            let outcomes = join_all(
                page.into_iter()
                    .map(|received| self.consumer.process_in_hand(received, ())),
            )
            .await;
            let is_quick = begun.elapsed() < IN_HAND_WAIT;
            if !is_quick && outcomes.iter().any(Outcome::is_for_others) {
                break;
            }
            size = if is_quick { RECEIVE_PAGE } else { small };
        }
        Ok(drained)
    }

    /// Turns the poison queue into failed records, page by page. Messages that name no task, or
    /// something that is none, go back in the end, for somebody to look at.
    async fn drain_poison_queue(&self, until: Instant) -> Result<Buried, StorageError> {
        let mut buried = 0;
        let mut nameless = Vec::new();
        while Instant::now() < until && !self.consumer.is_stopping() {
            let page = self.consumer.receive_poisoned(RECEIVE_PAGE).await?;
            let is_last = page.len() < RECEIVE_PAGE as usize;
            for received in page {
                match self.consumer.bury(&received).await {
                    Ok(true) => buried += 1,
                    Ok(false) => nameless.push(received),
                    Err(RecordError::Unreadable(error)) => {
                        log::warn!("message.id" = received.id.as_str(); "poisoned message stays: {error}");
                        nameless.push(received);
                    }
                    // Whoever repairs the record finds the message still there; the rescue of other
                    // tasks does not wait for that.
                    Err(RecordError::Storage(error)) if !error.is_transient() => {
                        log::warn!("message.id" = received.id.as_str(); "poisoned message stays: {error}");
                        nameless.push(received);
                    }
                    Err(RecordError::Storage(error)) => {
                        log::warn!("message.id" = received.id.as_str(); "poisoned message stays for now: {error}");
                    }
                }
            }
            if is_last {
                break;
            }
        }
        let releases = nameless
            .iter()
            .map(|received| self.consumer.release_poisoned(received));
        join_all(releases)
            .await
            .into_iter()
            .collect::<Result<(), _>>()?;
        let nameless = nameless.len();
        if nameless > 0 {
            log::warn!("the poison queue holds {nameless} messages that name no task");
        }
        Ok(Buried { buried, nameless })
    }
}

/// What became of poisoned messages, see [`Swept`].
struct Buried {
    buried: usize,
    nameless: usize,
}
