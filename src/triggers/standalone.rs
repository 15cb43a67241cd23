//! No host: a loop that follows the host's rules, and a timer beside it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use crate::ports::{Received, StorageError};
use crate::tasks::limits::{MIN_POLL_INTERVAL, RECEIVE_PAGE, SWEEP_INTERVAL, max_in_flight};
use crate::tasks::{Consumer, Maintenance, Shared};

/// Takes messages and works on them until told to stop; then waits for the attempts under way.
///
/// A local submit wakes the loop at once. Otherwise an empty queue is asked less and less often, up
/// to `max_poll_interval`: that is when a message of another process, or a released one, is seen.
pub async fn work(
    consumer: Consumer,
    shared: Arc<Shared>,
    max_poll_interval: Duration,
    stop: CancellationToken,
) {
    let max_in_flight = max_in_flight(shared.concurrency);
    let mut in_flight = JoinSet::new();
    let mut poll_interval = MIN_POLL_INTERVAL;
    while !stop.is_cancelled() {
        while in_flight.try_join_next().is_some() {}
        let room = max_in_flight - in_flight.len();
        if room == 0 {
            in_flight.join_next().await;
            continue;
        }
        let page = receive(&consumer, room).await;
        if !page.is_empty() {
            poll_interval = MIN_POLL_INTERVAL;
            for received in page {
                let consumer = consumer.clone();
                in_flight.spawn(async move { consumer.process(received).await });
            }
            continue;
        }
        let next_poll = sleep(poll_interval);
        tokio::pin!(next_poll);
        loop {
            tokio::select! {
                // A wake-up that comes while we are not waiting is kept for the next wait.
                () = shared.wake.notified() => { poll_interval = MIN_POLL_INTERVAL; break }
                () = &mut next_poll => { poll_interval = (poll_interval * 2).min(max_poll_interval); break }
                Some(_) = in_flight.join_next() => {}
                () = stop.cancelled() => break,
            }
        }
    }
    while in_flight.join_next().await.is_some() {}
}

async fn receive(consumer: &Consumer, room: usize) -> Vec<Received> {
    let max = u32::try_from(room)
        .unwrap_or(RECEIVE_PAGE)
        .min(RECEIVE_PAGE);
    consumer.receive(max).await.unwrap_or_else(|error| {
        log::warn!("no messages for now: {error}");
        Vec::new()
    })
}

/// Sweeps at the start and then every minute, until told to stop.
pub async fn sweep(maintenance: Maintenance, stop: CancellationToken) {
    let mut ticks = interval_at(Instant::now(), SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => report(maintenance.sweep_beside_loop().await),
            () = stop.cancelled() => return,
        }
    }
}

fn report(swept: Result<crate::tasks::Swept, StorageError>) {
    match swept {
        Ok(swept) => log::debug!("{swept}"),
        Err(error) => log::warn!("sweep broken off: {error}"),
    }
}
