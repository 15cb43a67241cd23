//! How many messages the loop has in hand whose work is not computed yet: no more than there are slots
//! while work lasts, so that others get the rest, and a page while it is computed as fast as it is
//! received. What is known of the work is how long the last messages were in hand; nothing is known at
//! the start.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use engine::limits::{IN_HAND_WAIT, PAGE_WAIT, RECEIVE_PAGE, max_in_hand};

/// The places for messages in hand.
pub(super) struct Hands {
    places: Arc<Semaphore>,
    /// How many places there are.
    count: usize,
    min: usize,
    max: usize,
    /// Whether every place was free when the last ones were given out.
    all_free: bool,
    /// Whether a message was in hand for longer than [`IN_HAND_WAIT`] since this was last looked at.
    lasts: Arc<AtomicBool>,
}

/// A place for a message; free again when this is dropped.
pub(super) struct InHand {
    /// `None` while it has no message.
    since: Option<Instant>,
    lasts: Arc<AtomicBool>,
    _place: OwnedSemaphorePermit,
}

impl InHand {
    /// A message has it from now on.
    pub(super) fn taken(mut self) -> Self {
        self.since = Some(Instant::now());
        self
    }
}

impl Drop for InHand {
    /// Before the place is free, so that whoever takes it knows.
    fn drop(&mut self) {
        if self
            .since
            .is_some_and(|since| since.elapsed() > IN_HAND_WAIT)
        {
            self.lasts.store(true, Relaxed);
        }
    }
}

impl Hands {
    pub(super) fn new(concurrency: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(concurrency)),
            count: concurrency,
            min: concurrency,
            max: max_in_hand(concurrency),
            all_free: false,
            lasts: Arc::default(),
        }
    }

    /// Waits for half of the places, so that pages are not received message by message, or after
    /// [`PAGE_WAIT`] for one; and gives all that are free, up to a page.
    pub(super) async fn free(&mut self) -> Vec<InHand> {
        // What was received a moment ago, and is computed in one, is so first: otherwise quick work would
        // never be seen to be.
        yield_now().await;
        loop {
            let begun = Instant::now();
            let half = self.count.div_ceil(2).min(RECEIVE_PAGE as usize);
            let half = u32::try_from(half).unwrap_or(RECEIVE_PAGE);
            // Given back at once: nobody else takes any.
            let is_page = timeout(PAGE_WAIT, self.places.acquire_many(half))
                .await
                .is_ok();
            if !is_page {
                drop(self.places.acquire().await);
            }
            let lasts = self.lasts.swap(false, Relaxed) || begun.elapsed() > IN_HAND_WAIT;
            if lasts {
                self.count -= self.places.forget_permits(self.count - self.min);
            }
            // When all that were free are given up, the rest are waited for.
            let page = self.places.available_permits().min(RECEIVE_PAGE as usize);
            if page > 0 {
                self.all_free = self.places.available_permits() == self.count && !lasts;
                return (0..page)
                    .map_while(|_| Arc::clone(&self.places).try_acquire_owned().ok())
                    .map(|place| InHand {
                        since: None,
                        lasts: Arc::clone(&self.lasts),
                        _place: place,
                    })
                    .collect();
            }
        }
    }

    /// A page of so many messages came for so many places. If it is full, and all that came before
    /// is computed, there may be more of them.
    pub(super) fn received(&mut self, messages: usize, places: usize) {
        if self.all_free && messages == places {
            let more = self.count.min(self.max - self.count);
            self.places.add_permits(more);
            self.count += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Two slots, after so much quick work that a page is received at a time.
    async fn after_quick_work() -> Hands {
        let mut hands = Hands::new(2);
        while hands.count < 32 {
            let places = hands.free().await;
            hands.received(places.len(), places.len());
        }
        hands
    }

    async fn past(duration: Duration) {
        tokio::time::sleep(duration + Duration::from_millis(50)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn quick_work_is_taken_a_page_at_a_time() {
        let mut hands = Hands::new(2);
        for expected in [2, 4, 8, 16, 32, 32] {
            let places = hands.free().await;
            assert_eq!(places.len(), expected);
            hands.received(places.len(), places.len());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_computed_in_a_moment_is_quick() {
        let mut hands = Hands::new(2);
        for expected in [2, 4, 8, 16, 32] {
            let places = hands.free().await;
            assert_eq!(places.len(), expected);
            hands.received(places.len(), places.len());
            for place in places {
                tokio::spawn(async move { drop(place.taken()) });
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_not_full_asks_for_no_more() {
        let mut hands = Hands::new(4);
        for _ in 0..3 {
            let places = hands.free().await;
            assert_eq!(places.len(), 4);
            hands.received(3, 4);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn messages_in_hand_are_received_again_when_half_are_computed() {
        let mut hands = Hands::new(8);
        let mut places = hands.free().await;
        places.truncate(5);
        let waiting = timeout(PAGE_WAIT / 2, hands.free());
        assert!(waiting.await.is_err());
        places.truncate(4);
        assert_eq!(hands.free().await.len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_that_is_free_does_not_wait_for_half_of_the_others() {
        let mut hands = Hands::new(8);
        let mut places = hands.free().await;
        places.truncate(7);
        assert_eq!(hands.free().await.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn of_lasting_work_no_more_is_taken_than_there_are_slots() {
        let mut hands = after_quick_work().await;
        let places = hands.free().await;
        let lasting = async {
            past(IN_HAND_WAIT).await;
            drop(places);
        };
        let (free, ()) = tokio::join!(hands.free(), lasting);
        assert_eq!((hands.count, free.len()), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn places_that_become_free_one_by_one_are_given_up_all_the_same() {
        let mut hands = after_quick_work().await;
        let places = hands.free().await;
        let mut places: Vec<_> = places.into_iter().map(InHand::taken).collect();
        past(IN_HAND_WAIT).await;
        while places.len() > 2 {
            places.pop();
            let waiting = timeout(PAGE_WAIT * 2, hands.free());
            assert!(waiting.await.is_err(), "{} in hand", places.len());
        }
        drop(places);
        assert_eq!((hands.free().await.len(), hands.count), (2, 2));
    }
}
