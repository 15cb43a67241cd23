//! Work that begins where it was accepted: its message is sent hidden and held by who sent it, as if it had
//! been received. Here is who may, and the way from who sends a message to who works on it.
//!
//! If the process dies, the message is visible when its time is over, as that of any delivery is.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{EARLY_START_LEASE, MAX_EARLY};
use crate::local::endings::Endings;
use crate::local::slots::{Slots, Taken, Takes};
use crate::local::stop::Stop;
use crate::model::task::TaskRecord;
use ports::Delivery;
use work::{KindName, Kinds};

/// Which tasks may begin where they were accepted, if there are slots for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlyStart {
    /// None.
    Off,
    /// Those whose client waits.
    Waiting,
    /// Those, and others.
    All {
        /// If their kind usually takes no longer than this, as far as is known; `None`: all.
        usual_at_most: Option<Duration>,
    },
}

/// What it takes to say who may.
pub(crate) struct EarlyStarts {
    pub(crate) who: EarlyStart,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) stop: Stop,
    pub(crate) endings: Endings,
    pub(crate) line: Line,
}

/// The way to who works on them, and what bounds how many are on it.
pub(crate) struct Line {
    /// There is nobody before this is set.
    to: OnceLock<UnboundedSender<Early>>,
    places: Arc<Semaphore>,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            to: OnceLock::new(),
            places: Arc::new(Semaphore::new(MAX_EARLY as usize)),
        }
    }
}

/// Leave to hold the message of a task, and to begin its work here.
pub(crate) struct Leave {
    starts: Arc<EarlyStarts>,
    to: UnboundedSender<Early>,
    kind: KindName,
    takes: Takes,
    after: Duration,
    is_behind: Arc<AtomicBool>,
    /// Before the message is sent, so that a slot is never promised and missing; `None` when the work begins
    /// later.
    taken: Option<Taken>,
    place: OwnedSemaphorePermit,
}

/// A message that is held by its sender.
pub struct Early {
    /// As if it had been received.
    pub(crate) delivery: Delivery,
    leave: Box<Leave>,
}

/// The messages that this process holds to begin their work itself, in the order in which they were sent.
pub struct EarlyMessages {
    sent: UnboundedReceiver<Early>,
    places: Arc<Semaphore>,
    stop: Stop,
}

impl EarlyStarts {
    /// Lets whoever has what this gives work on them; `None` when there are none, or somebody has.
    pub(crate) fn messages(&self) -> Option<EarlyMessages> {
        if self.who == EarlyStart::Off {
            return None;
        }
        let (to, sent) = unbounded_channel();
        self.line.to.set(to).ok()?;
        Some(EarlyMessages {
            sent,
            places: Arc::clone(&self.line.places),
            stop: self.stop.clone(),
        })
    }

    /// Leave to begin the work of a task here, after so long, instead of whoever receives its message. One
    /// that may begin at once has its slots then; not while there are none, nor while its queue is behind.
    pub(crate) fn leave(
        self: &Arc<Self>,
        record: &TaskRecord,
        after: Duration,
        is_behind: &Arc<AtomicBool>,
    ) -> Option<Box<Leave>> {
        let to = self.line.to.get()?.clone();
        let kind = self.kinds.get(&record.kind)?;
        let may = match self.who {
            EarlyStart::Off => false,
            EarlyStart::Waiting => self.endings.waiters.has(record.id),
            EarlyStart::All { usual_at_most } => {
                self.is_usual(&record.kind, usual_at_most) || self.endings.waiters.has(record.id)
            }
        };
        if !may || after >= EARLY_START_LEASE || self.stop.is_told() {
            return None;
        }
        let place = Arc::clone(&self.line.places).try_acquire_owned().ok()?;
        let work = Arc::clone(&kind.kind).prepare(record.input.as_ref()?);
        let takes = Takes::from(&work.ok()?);
        let taken = match after.is_zero() {
            true => Some(self.take_now(&kind.name, takes, is_behind)?),
            false => None,
        };
        Some(Box::new(Leave {
            starts: Arc::clone(self),
            to,
            kind: kind.name.clone(),
            takes,
            after,
            is_behind: Arc::clone(is_behind),
            taken,
            place,
        }))
    }

    fn is_usual(&self, kind: &str, at_most: Option<Duration>) -> bool {
        let Some(at_most) = at_most else {
            return true;
        };
        let usual = self.endings.estimate.of(kind);
        usual.is_none_or(|usual| usual <= at_most)
    }

    fn take_now(&self, kind: &KindName, takes: Takes, is_behind: &AtomicBool) -> Option<Taken> {
        if is_behind.load(Relaxed) {
            return None;
        }
        self.slots.take_now(kind, takes)
    }
}

impl Leave {
    /// How long the message is hidden when it is sent.
    pub(crate) fn hide(&self) -> Duration {
        self.after + EARLY_START_LEASE
    }

    /// How many attempts have begun when somebody else receives the message: one that is to begin later may
    /// be left to others without having begun.
    pub(crate) fn begun(&self) -> u32 {
        u32::from(self.taken.is_some())
    }

    /// Hands the message that was sent to who works on it. If there is nobody any more, it is visible when
    /// its time is over.
    pub(crate) fn begin(self: Box<Self>, delivery: Delivery) {
        let to = self.to.clone();
        let leave = self;
        drop(to.send(Early { delivery, leave }));
    }
}

impl Early {
    /// The name of the queue that it was sent to.
    pub(crate) fn queue(&self) -> Option<&str> {
        let receipt = self.delivery.receipt.as_ref()?;
        Some(&receipt.queue)
    }

    /// How long it is until its work may begin.
    pub(crate) fn after(&self) -> Duration {
        self.leave.after
    }

    /// The message, the slots for its work if they are free now, and its place among those that are held.
    pub(crate) fn with_slots(self) -> (Delivery, Option<Taken>, OwnedSemaphorePermit) {
        let Self { delivery, leave } = self;
        let Leave {
            starts,
            kind,
            takes,
            is_behind,
            taken,
            place,
            ..
        } = *leave;
        let taken = taken.or_else(|| starts.take_now(&kind, takes, &is_behind));
        (delivery, taken, place)
    }
}

impl EarlyMessages {
    /// The next one; `None` once the process was told to stop, and no message is held any more nor about to
    /// be.
    pub async fn next(&mut self) -> Option<Early> {
        let Self { sent, places, stop } = self;
        let is_over = async {
            stop.stopping.cancelled().await;
            drop(places.acquire_many(MAX_EARLY).await);
        };
        tokio::select! {
            biased;
            early = sent.recv() => early,
            () = is_over => None,
        }
    }
}
