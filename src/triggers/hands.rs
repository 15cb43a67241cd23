//! How many messages the loop has in hand whose work is not computed yet: few while work lasts, so
//! that others get the rest, and a page while it is computed as fast as it is received.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::tasks::limits::{IN_HAND_WAIT, RECEIVE_PAGE, max_in_hand, min_in_hand};

/// The places for messages in hand.
pub(super) struct Hands {
    places: Arc<Semaphore>,
    /// How many places there are.
    count: usize,
    min: usize,
    max: usize,
    /// Whether every place was free when the last ones were given out.
    all_free: bool,
}

impl Hands {
    pub(super) fn new(concurrency: usize) -> Self {
        let min = min_in_hand(concurrency);
        Self {
            places: Arc::new(Semaphore::new(min)),
            count: min,
            min,
            max: max_in_hand(concurrency),
            all_free: false,
        }
    }

    /// Waits until half of the places are free, so that pages are not received message by message,
    /// and gives all that are, up to a page: one at least.
    pub(super) async fn free(&mut self) -> Vec<OwnedSemaphorePermit> {
        loop {
            let begun = Instant::now();
            let half = self.count.div_ceil(2).min(RECEIVE_PAGE as usize);
            let half = u32::try_from(half).unwrap_or(RECEIVE_PAGE);
            // Given back at once: nobody else takes any.
            drop(self.places.acquire_many(half).await);
            if begun.elapsed() > IN_HAND_WAIT {
                self.count -= self.places.forget_permits(self.count - self.min);
            }
            // When all that were free are given up, the rest are waited for.
            let page = self.places.available_permits().min(RECEIVE_PAGE as usize);
            if page > 0 {
                self.all_free = self.places.available_permits() == self.count;
                return (0..page)
                    .map_while(|_| Arc::clone(&self.places).try_acquire_owned().ok())
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

    #[tokio::test]
    async fn quick_work_is_taken_a_page_at_a_time() {
        let mut hands = Hands::new(2);
        for expected in [8, 16, 32, 32] {
            let places = hands.free().await;
            assert_eq!(places.len(), expected);
            hands.received(places.len(), places.len());
        }
    }

    #[tokio::test]
    async fn a_page_that_is_not_full_asks_for_no_more() {
        let mut hands = Hands::new(2);
        for _ in 0..3 {
            let places = hands.free().await;
            assert_eq!(places.len(), 8);
            hands.received(7, 8);
        }
    }

    #[tokio::test]
    async fn messages_in_hand_are_received_again_when_half_are_computed() {
        let mut hands = Hands::new(2);
        let mut places = hands.free().await;
        hands.all_free = false;
        places.truncate(5);
        let waiting = tokio::time::timeout(Duration::from_millis(20), hands.free());
        assert!(waiting.await.is_err());
        places.truncate(4);
        assert_eq!(hands.free().await.len(), 4);
    }

    #[tokio::test]
    async fn lasting_work_is_taken_in_small_pages_again() {
        let mut hands = Hands::new(2);
        while hands.count < 32 {
            let places = hands.free().await;
            hands.received(places.len(), places.len());
        }
        let places = hands.free().await;
        let lasting = async {
            tokio::time::sleep(IN_HAND_WAIT + Duration::from_millis(50)).await;
            drop(places);
        };
        let (free, ()) = tokio::join!(hands.free(), lasting);
        assert_eq!((hands.count, free.len()), (8, 8));
    }

    #[tokio::test]
    async fn places_that_are_given_up_are_no_page() {
        let mut hands = Hands::new(2);
        while hands.count < 32 {
            let places = hands.free().await;
            hands.received(places.len(), places.len());
        }
        let mut places = hands.free().await;
        // Half of them, of which none is kept, and half of the rest.
        let lasting = async {
            tokio::time::sleep(IN_HAND_WAIT + Duration::from_millis(50)).await;
            places.truncate(16);
            tokio::task::yield_now().await;
            places.truncate(8);
        };
        let (free, ()) = tokio::join!(hands.free(), lasting);
        assert_eq!((hands.count, free.len()), (16, 8));
    }
}
