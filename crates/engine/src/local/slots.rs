//! How many attempts there are at a time: those that compute by the processors, those that wait by a
//! setting, and those of a kind by its policy.
//!
//! A message that finds its kind at its limit waits in front of it, outside the places of those that may
//! begin, if there is room; as many may wait there as may run, so that a slot that becomes free is taken
//! at once. The others are put off. So slow work of one kind holds up no other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::limits::SLOT_WAIT;
use work::any::Prepared;
use work::{KindName, Kinds};

/// The slots of a process.
pub(crate) struct Slots {
    computing: Arc<Semaphore>,
    waiting: Lane,
    /// Of the kinds with a limit of their own.
    of_kinds: HashMap<KindName, Lane>,
}

/// Slots, and the room in front of them.
struct Lane {
    slots: Arc<Semaphore>,
    front: Semaphore,
}

/// What work takes of what all kinds share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Microseconds.
    Nothing,
    /// A thread.
    Computing,
    /// No more than memory.
    Waiting,
}

impl From<&Prepared> for Takes {
    fn from(work: &Prepared) -> Self {
        match work {
            Prepared::Quick(_) | Prepared::Workflow(_) => Self::Nothing,
            Prepared::Blocking(_) => Self::Computing,
            Prepared::Waiting(_) => Self::Waiting,
        }
    }
}

/// What an attempt holds on to; free again when this is dropped.
pub(crate) struct Taken {
    _of_kind: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

/// Why an attempt has no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSlot {
    /// Others have them, for longer than it was waited for one.
    Waited,
    /// Its kind is at its limit, and so is what waits in front of it.
    Full,
}

impl Slots {
    pub(crate) fn new(concurrency: usize, waiting: usize, kinds: &Kinds) -> Self {
        let limited = kinds.iter().filter_map(|kind| {
            let lane = Lane::new(kind.policy.concurrency?);
            Some((kind.name.clone(), lane))
        });
        Self {
            computing: Arc::new(Semaphore::new(concurrency)),
            waiting: Lane::new(waiting),
            of_kinds: limited.collect(),
        }
    }

    /// How many slots to compute are free, once one is within `patience`.
    pub(crate) async fn free(&self, patience: Duration) -> usize {
        match within(patience, &self.computing).await {
            Ok(slot) => {
                drop(slot);
                self.computing.available_permits().max(1)
            }
            Err(_) => 0,
        }
    }

    /// The slots for work, if they are free now. Whoever waits for one comes first.
    pub(crate) fn take_now(&self, kind: &KindName, takes: Takes) -> Option<Taken> {
        let now = |slots: &Arc<Semaphore>| Arc::clone(slots).try_acquire_owned().ok();
        let of_kind = match self.of_kinds.get(kind) {
            Some(lane) => Some(now(&lane.slots)?),
            None => None,
        };
        let of_all = match takes {
            Takes::Nothing => None,
            Takes::Computing => Some(now(&self.computing)?),
            Takes::Waiting => Some(now(&self.waiting.slots)?),
        };
        Some(Taken {
            _of_kind: of_kind,
            _of_all: of_all,
        })
    }

    /// The slots for work, once they are free: a slot to compute within `patience`, and all of it within
    /// [`SLOT_WAIT`]. Quick work needs none of those for all kinds. Those that are in hand already are
    /// given at once.
    pub(crate) async fn take<H>(
        &self,
        kind: &KindName,
        takes: Takes,
        patience: Duration,
        hand: &mut Hand<H>,
    ) -> Result<Taken, NoSlot> {
        if let Some(taken) = hand.taken.take() {
            return Ok(*taken);
        }
        let until = Instant::now() + SLOT_WAIT;
        let of_kind = match self.of_kinds.get(kind) {
            Some(lane) => Some(self.enter(lane, until, hand).await?),
            None => None,
        };
        let of_all = match takes {
            Takes::Nothing => None,
            Takes::Computing => {
                let patience = patience.min(until - Instant::now());
                Some(within(patience, &self.computing).await?)
            }
            Takes::Waiting => {
                let slot = self.enter(&self.waiting, until, hand).await?;
                hand.set_aside();
                Some(slot)
            }
        };
        Ok(Taken {
            _of_kind: of_kind,
            _of_all: of_all,
        })
    }

    async fn enter<H>(
        &self,
        lane: &Lane,
        until: Instant,
        hand: &mut Hand<H>,
    ) -> Result<OwnedSemaphorePermit, NoSlot> {
        if let Ok(slot) = Arc::clone(&lane.slots).try_acquire_owned() {
            return Ok(slot);
        }
        let _in_front = lane.front.try_acquire().map_err(|_| NoSlot::Full)?;
        hand.set_aside();
        within(until - Instant::now(), &lane.slots).await
    }
}

impl Lane {
    fn new(count: usize) -> Self {
        let count = count.min(Semaphore::MAX_PERMITS);
        Self {
            slots: Arc::new(Semaphore::new(count)),
            front: Semaphore::new(count),
        }
    }
}

async fn within(
    patience: Duration,
    slots: &Arc<Semaphore>,
) -> Result<OwnedSemaphorePermit, NoSlot> {
    match timeout(patience, Arc::clone(slots).acquire_owned()).await {
        Ok(Ok(slot)) => Ok(slot),
        // They are never closed.
        Ok(Err(_)) | Err(_) => Err(NoSlot::Waited),
    }
}

/// A message's place among those in hand, until it is set aside: its work waits, or it waits for others
/// of its kind. Or the slots that were taken for its work before it was sent.
pub(crate) struct Hand<H> {
    held: Option<H>,
    is_aside: bool,
    /// How many messages of its queue were set aside, and are worked on.
    aside: Arc<AtomicUsize>,
    /// Seldom there, and not to make every delivery larger.
    taken: Option<Box<Taken>>,
}

impl<H> Hand<H> {
    /// With this place, of a queue of which so many are aside.
    pub(crate) fn holding(held: H, aside: &Arc<AtomicUsize>) -> Self {
        Self {
            held: Some(held),
            is_aside: false,
            aside: Arc::clone(aside),
            taken: None,
        }
    }

    /// Whether its work begins where it was accepted.
    pub(crate) fn has_slots(&self) -> bool {
        self.taken.is_some()
    }

    fn set_aside(&mut self) {
        self.held = None;
        if !self.is_aside {
            self.is_aside = true;
            self.aside.fetch_add(1, Relaxed);
        }
    }
}

impl Hand<()> {
    /// With these slots, and no place among the messages that were received.
    pub(crate) fn with_slots(taken: Taken, aside: &Arc<AtomicUsize>) -> Self {
        let mut hand = Self::holding((), aside);
        hand.taken = Some(Box::new(taken));
        hand
    }
}

impl<H> Drop for Hand<H> {
    fn drop(&mut self) {
        if self.is_aside {
            self.aside.fetch_sub(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use serde_json::value::RawValue;
    use work::{BlockingKind, Context, Failure, Policy, any};

    use super::*;

    struct Computes;

    impl BlockingKind for Computes {
        type Input = bool;
        type Output = ();

        fn is_quick(&self, input: &bool) -> bool {
            *input
        }

        fn run(&self, _: bool, _: &Context) -> Result<(), Failure> {
            Ok(())
        }
    }

    struct Waits;

    impl work::Kind for Waits {
        type Input = bool;
        type Output = ();

        async fn run(&self, _: bool, _: &Context) -> Result<(), Failure> {
            Ok(())
        }
    }

    fn kinds() -> Kinds {
        Kinds::default()
            .with("free", any::of_blocking(Computes), Policy::default())
            .with(
                "one",
                any::of_blocking(Computes),
                Policy::default().concurrency(1),
            )
            .with("waits", any::of(Waits), Policy::default())
    }

    /// A message in hand, and whether it still is.
    fn hand() -> (Hand<Arc<()>>, Weak<()>) {
        hand_of(&Arc::default())
    }

    /// The same, of a queue of which so many are aside.
    fn hand_of(aside: &Arc<AtomicUsize>) -> (Hand<Arc<()>>, Weak<()>) {
        let held = Arc::new(());
        let seen = Arc::downgrade(&held);
        (Hand::holding(held, aside), seen)
    }

    async fn take(
        slots: &Slots,
        kind: &str,
        is_quick: bool,
        hand: &mut Hand<Arc<()>>,
    ) -> Result<Taken, NoSlot> {
        let kinds = kinds();
        let kind = kinds.get(kind).unwrap();
        let input = RawValue::from_string(is_quick.to_string()).unwrap();
        let work = Arc::clone(&kind.kind).prepare(&input).unwrap();
        slots
            .take(&kind.name, Takes::from(&work), Duration::from_secs(1), hand)
            .await
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_computes_waits_in_hand_and_not_for_long() {
        let (slots, aside) = (Slots::new(1, 1, &kinds()), Arc::default());
        let (mut first, mut second) = (hand_of(&aside), hand_of(&aside));
        let _taken = take(&slots, "free", false, &mut first.0)
            .await
            .ok()
            .unwrap();
        let refused = take(&slots, "free", false, &mut second.0).await;
        assert_eq!(refused.err(), Some(NoSlot::Waited));
        assert!(second.1.upgrade().is_some());
        assert_eq!(aside.load(Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn quick_work_waits_for_nobody() {
        let slots = Slots::new(1, 1, &kinds());
        let (mut first, mut second) = (hand(), hand());
        let _taken = take(&slots, "free", false, &mut first.0)
            .await
            .ok()
            .unwrap();
        assert!(take(&slots, "free", true, &mut second.0).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_kind_at_its_limit_keeps_as_many_more_as_it_has_slots_and_no_place_in_hand() {
        let (slots, aside) = (Slots::new(4, 1, &kinds()), Arc::default());
        let (mut first, mut second, mut third) = (hand(), hand_of(&aside), hand());
        let taken = take(&slots, "one", false, &mut first.0).await.ok().unwrap();
        assert!(first.1.upgrade().is_some());
        let mut waiting = Box::pin(take(&slots, "one", false, &mut second.0));
        assert!(
            timeout(Duration::from_secs(20), &mut waiting)
                .await
                .is_err()
        );
        assert!(second.1.upgrade().is_none());
        assert_eq!(aside.load(Relaxed), 1);
        let refused = take(&slots, "one", false, &mut third.0).await;
        assert_eq!(refused.err(), Some(NoSlot::Full));
        drop(taken);
        assert!(waiting.await.is_ok());
        drop(second.0);
        assert_eq!(aside.load(Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_in_front_for_ever() {
        let slots = Slots::new(4, 1, &kinds());
        let (mut first, mut second) = (hand(), hand());
        let _taken = take(&slots, "one", false, &mut first.0).await.ok().unwrap();
        let begun = Instant::now();
        let refused = take(&slots, "one", false, &mut second.0).await;
        assert_eq!(refused.err(), Some(NoSlot::Waited));
        assert_eq!(begun.elapsed().as_secs(), SLOT_WAIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_waits_is_set_aside_and_has_a_limit_of_its_own() {
        let (slots, aside) = (Slots::new(1, 2, &kinds()), Arc::default());
        let mut hands: Vec<_> = (0..2).map(|_| hand_of(&aside)).collect();
        let mut taken = Vec::new();
        for (hand, held) in &mut hands {
            taken.push(take(&slots, "waits", false, hand).await.ok().unwrap());
            assert!(held.upgrade().is_none());
        }
        assert_eq!(aside.load(Relaxed), 2);
        let (mut third, _) = hand();
        let refused = take(&slots, "waits", false, &mut third).await;
        assert_eq!(refused.err(), Some(NoSlot::Waited));
    }

    #[tokio::test(start_paused = true)]
    async fn slots_are_taken_now_or_not_at_all() {
        let slots = Slots::new(1, 1, &kinds());
        let name = |kind: &str| KindName::new(kind).unwrap();
        for (kind, takes) in [("one", Takes::Computing), ("waits", Takes::Waiting)] {
            let taken = slots.take_now(&name(kind), takes);
            assert!(taken.is_some(), "{kind}");
            assert!(slots.take_now(&name(kind), takes).is_none(), "{kind}");
            drop(taken);
            assert!(slots.take_now(&name(kind), takes).is_some(), "{kind}");
        }
        let of_kind = slots.take_now(&name("one"), Takes::Nothing);
        assert!(slots.take_now(&name("one"), Takes::Nothing).is_none());
        drop(of_kind);
        // What does not come about takes nothing.
        let taken = slots.take_now(&name("free"), Takes::Computing);
        assert!(slots.take_now(&name("one"), Takes::Computing).is_none());
        drop(taken);
        assert!(slots.take_now(&name("one"), Takes::Computing).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_slot_comes_before_who_wants_one_now() {
        let slots = Slots::new(1, 1, &kinds());
        let (mut first, mut second) = (hand(), hand());
        let taken = take(&slots, "free", false, &mut first.0).await.ok();
        let mut waiting = Box::pin(take(&slots, "free", false, &mut second.0));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        drop(taken);
        let now = slots.take_now(&KindName::new("free").unwrap(), Takes::Computing);
        assert!(now.is_none());
        assert!(waiting.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn slots_in_hand_are_not_waited_for() {
        let slots = Slots::new(1, 1, &kinds());
        let free = kinds().get("free").unwrap().name.clone();
        let taken = slots.take_now(&free, Takes::Computing).unwrap();
        let aside = Arc::default();
        let mut hand = Hand::with_slots(taken, &aside);
        assert!(hand.has_slots());
        let taken = slots
            .take(&free, Takes::Computing, Duration::ZERO, &mut hand)
            .await;
        assert!(taken.is_ok());
        assert_eq!(aside.load(Relaxed), 0);
    }
}
