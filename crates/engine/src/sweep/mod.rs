//! One sweep: what keeps the promise when something went wrong before. Each duty does one pass
//! of bounded work and counts; the loop around it is the host's timer or the standalone one.
//!
//! In calls to storage a sweep costs one for each page of dead letters of each queue, one for each page
//! of records (up to [`WALK_PAGES`](crate::limits::WALK_PAGES)), three for each queue that the message of an
//! unfinished task may be in, three for each task that is lost, and one for each record that is deleted. Of instances
//! that have parts, tallies or names of more than an hour, some
//! ([`ORPHAN_LOOKS`](crate::limits::ORPHAN_LOOKS)) are looked for, in up to two calls each. A claim of a dead message
//! that nobody has any more costs up to three. Where nothing is left to do: two, and one for each further queue.

pub(crate) mod claims;
pub(crate) mod fronts;
pub(crate) mod orphans;
pub(crate) mod refused;
pub(crate) mod rescue;
pub(crate) mod walk;

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::limits::{
    BURIAL_BUDGET, IN_HAND_WAIT, RECEIVE_PAGE, RULES_BUDGET, SWEEP_BUDGET, WALK_BUDGET,
};
use crate::local::metrics::Metrics;
use crate::local::stop::Stop;
use crate::local::swept::Swept;
use crate::records::RecordError;
use crate::sweep::rescue::Staying;
use crate::sweep::walk::{Walk, Walked};
use crate::tasks::service::Tasks;
use crate::worker::Outcome;
use crate::worker::consumer::Consumer;
use ports::StorageError;
use ports::crash::{CrashPoint, crash_point};

/// The duties of a sweep.
#[derive(Clone)]
pub struct Maintenance {
    /// One for each queue.
    consumers: Vec<Consumer>,
    walk: Walk,
    tasks: Tasks,
    stop: Stop,
    metrics: Arc<Metrics>,
}

impl Maintenance {
    pub(crate) fn new(
        consumers: Vec<Consumer>,
        walk: Walk,
        tasks: Tasks,
        stop: Stop,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            consumers,
            walk,
            tasks,
            stop,
            metrics,
        }
    }

    /// Everything a timer is for when a host does the rest: the dead letters, the records, and what
    /// the queues still hold. A duty that fails does not keep the others from being done; the first
    /// failure is returned.
    pub async fn sweep(&self) -> Result<Swept, StorageError> {
        let begun = Instant::now();
        let upkeep = self.upkeep(begun).await;
        // After the dead letters, so that what this sweep itself gives up stays to be seen for a
        // while; after the records, so that what they gave to a queue is done at once. Side by side, so that
        // a backlog in one queue does not hold up another.
        let until = begun + SWEEP_BUDGET;
        let queues = self.consumers.iter();
        let drained = join_all(queues.map(|consumer| self.drain_queue(consumer, until))).await;
        let mut swept = upkeep?;
        swept.drained = drained.into_iter().sum::<Result<_, _>>()?;
        Ok(swept)
    }

    /// The same where loops of this process already empty the queues.
    pub async fn sweep_beside_loop(&self) -> Result<Swept, StorageError> {
        self.upkeep(Instant::now()).await
    }

    async fn upkeep(&self, begun: Instant) -> Result<Swept, StorageError> {
        // Dead letters come first: its tasks are not lost, they have failed.
        let (mut first, mut swept, mut staying) = (Ok(()), Swept::default(), Staying::new());
        let until = begun + BURIAL_BUDGET;
        let queues = self.consumers.iter();
        let drained = queues.map(|consumer| self.drain_dead_letters(consumer, until));
        for (consumer, drained) in self.consumers.iter().zip(join_all(drained).await) {
            match drained {
                Ok(drained) => {
                    swept.buried += drained.buried;
                    swept.kept += drained.kept;
                    swept.staying += drained.staying;
                    staying.insert(consumer.queue_name().clone(), drained.staying);
                }
                Err(error) => first = first.and(Err(error)),
            }
        }
        let are_all_seen = first.is_ok();
        let until = begun + WALK_BUDGET;
        let is_over = || Instant::now() >= until || self.stop.is_told();
        let walked = self.walk.pass(&staying, is_over).await;
        // Last, with what this sweep has found to have failed; however long the walk was, there is time for some.
        let until = until.max(Instant::now() + RULES_BUDGET);
        let is_over = || Instant::now() >= until || self.stop.is_told();
        let acted = self.tasks.hand_in_due(is_over).await;
        match walked {
            Ok(Walked { rescued, pruned }) => (swept.rescued, swept.pruned) = (rescued, pruned),
            Err(error) => first = first.and(Err(error)),
        }
        // What was done is counted, whatever was not.
        self.metrics.swept(&swept, are_all_seen);
        first.and(acted)?;
        Ok(swept)
    }

    /// Works off a queue that no host brings, page by page, until it is empty or the time is over, or until
    /// there are no slots: then those who have them work it off. A page is no larger than the slots that are
    /// free, so that no message is held which cannot begin.
    /// Messages of a page run side by side: a bad or a slow one does not stop the others.
    async fn drain_queue(
        &self,
        consumer: &Consumer,
        until: Instant,
    ) -> Result<usize, StorageError> {
        let mut drained = 0;
        while Instant::now() < until && !self.stop.is_told() {
            let room = consumer.room_for_sweep().await;
            if room == 0 {
                break;
            }
            let begun = Instant::now();
            let page = consumer.receive(room).await?;
            if page.is_empty() {
                break;
            }
            drained += page.len();
            crash_point(CrashPoint::SweepAfterReceive);
            let outcomes = join_all(
                page.into_iter()
                    .map(|received| consumer.process_in_hand(received, ())),
            )
            .await;
            let has_waited = begun.elapsed() >= IN_HAND_WAIT;
            if has_waited && outcomes.iter().any(Outcome::is_for_others) {
                break;
            }
        }
        Ok(drained)
    }

    /// Turns the dead letters of a queue into failed records, page by page, and those that name no task into
    /// entries. Messages of records that nobody here can read go back in the end, for somebody to look at.
    async fn drain_dead_letters(
        &self,
        consumer: &Consumer,
        until: Instant,
    ) -> Result<Buried, StorageError> {
        let (mut buried, mut kept) = (0, 0);
        let mut staying = Vec::new();
        while Instant::now() < until && !self.stop.is_told() {
            let page = consumer.receive_dead_letters(RECEIVE_PAGE).await?;
            let is_last = page.len() < RECEIVE_PAGE as usize;
            for received in page {
                match consumer.bury(&received).await {
                    Ok(true) => buried += 1,
                    Ok(false) => kept += 1,
                    Err(RecordError::Unreadable(error)) => {
                        log::warn!("message.id" = received.id(); "dead letter stays: {error}");
                        staying.push(received);
                    }
                    // Whoever repairs the record finds the message still there; the rescue of other
                    // tasks does not wait for that.
                    Err(RecordError::Storage(error)) if !error.is_transient() => {
                        log::warn!("message.id" = received.id(); "dead letter stays: {error}");
                        staying.push(received);
                    }
                    Err(RecordError::Storage(error)) => {
                        log::warn!("message.id" = received.id(); "dead letter stays for now: {error}");
                    }
                }
            }
            if is_last {
                break;
            }
        }
        let releases = staying
            .iter()
            .map(|received| consumer.release_dead_letter(received));
        join_all(releases)
            .await
            .into_iter()
            .collect::<Result<(), _>>()?;
        let (staying, queue) = (staying.len(), consumer.queue_name());
        if kept > 0 {
            log::warn!("{kept} dead letters of queue {queue} name no task, and are listed");
        }
        if staying > 0 {
            log::warn!("{staying} dead letters of queue {queue} stay");
        }
        Ok(Buried {
            buried,
            kept,
            staying,
        })
    }
}

/// What became of the dead letters of a queue, see [`Swept`].
struct Buried {
    buried: usize,
    kept: usize,
    staying: usize,
}
