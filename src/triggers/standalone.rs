//! No host: a loop for each queue that follows the host's rules, and a timer beside them.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};

use super::hands::Hands;
use engine::limits::{
    LONGEST_REST, MAX_UNSETTLED, MIN_POLL_INTERVAL, PROMPT, RECEIVE_PAGE, SWEEP_INTERVAL,
};
use engine::{Consumer, Engine, Outcome};
use ports::{Delivery, StorageError};

/// How often a queue is asked, which costs money where storage is billed by the call.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The longest wait between two looks into an empty queue: that is when a message of another
    /// process, or a released one, is seen.
    pub longest_wait: Duration,
    /// How many times as long as a receive took is rested after it, at most for [`LONGEST_REST`],
    /// unless it brought a full page: what is sent meanwhile shares the next one. With few messages
    /// under way there is no rest, because their tasks would wait for nothing else.
    pub rest: u32,
}

/// Takes messages from each queue and works on them until told to stop; then waits for the attempts under
/// way. A backlog in one queue holds up no other: each has its own places for messages in hand, and what
/// they share are the slots.
pub async fn work(engine: Engine, pace: Pace) {
    let loops = engine.consumers.iter();
    join_all(loops.map(|consumer| empty(&engine, consumer, pace))).await;
}

/// Takes the messages of one queue.
///
/// A page that is not full was all there was. Then a local submit wakes the loop at once; otherwise the
/// queue is asked again soon, and less and less often while it is empty.
async fn empty(engine: &Engine, consumer: &Consumer, pace: Pace) {
    let stop = &engine.stop.stopping;
    let mut hands = Hands::new(engine.settings.concurrency);
    let mut in_flight = JoinSet::new();
    let mut poll_interval = MIN_POLL_INTERVAL;
    let mut rested_at = Instant::now();
    while !stop.is_cancelled() {
        while in_flight.try_join_next().is_some() {}
        // What was set aside is not what is to be settled, and has limits of its own.
        if unsettled(&in_flight, consumer) >= MAX_UNSETTLED {
            in_flight.join_next().await;
            continue;
        }
        let places = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            places = async { rest(rested_at).await; hands.free().await } => places,
        };
        let room = places.len();
        let begun = Instant::now();
        let page = receive(consumer, room).await;
        let is_full = page.len() == room;
        if !page.is_empty() {
            poll_interval = MIN_POLL_INTERVAL;
            hands.received(page.len(), room);
        }
        // The places that are left are free again.
        for (received, place) in page.into_iter().zip(places) {
            let (consumer, place) = (consumer.clone(), place.taken());
            in_flight.spawn(async move { consumer.process_in_hand(received, place).await });
        }
        if is_full {
            continue;
        }
        if unsettled(&in_flight, consumer) > PROMPT {
            rested_at = Instant::now() + (begun.elapsed() * pace.rest).min(LONGEST_REST);
        }
        let next_poll = sleep(poll_interval);
        tokio::pin!(next_poll);
        loop {
            tokio::select! {
                // A wake-up that comes while we are not waiting is kept for the next wait.
                () = consumer.woken() => { poll_interval = MIN_POLL_INTERVAL; break }
                () = &mut next_poll => { poll_interval = (poll_interval * 2).min(pace.longest_wait); break }
                Some(_) = in_flight.join_next() => {}
                () = stop.cancelled() => break,
            }
        }
    }
    while in_flight.join_next().await.is_some() {}
}

/// Messages in hand, and those that are being committed or deleted.
fn unsettled(in_flight: &JoinSet<Outcome>, consumer: &Consumer) -> usize {
    in_flight.len().saturating_sub(consumer.aside())
}

/// The runtime's timers count in whole milliseconds, rounded up: one that is over would last for one.
async fn rest(until: Instant) {
    if Instant::now() < until {
        sleep_until(until).await;
    }
}

async fn receive(consumer: &Consumer, room: usize) -> Vec<Delivery> {
    let max = u32::try_from(room).unwrap_or(RECEIVE_PAGE);
    consumer.receive(max).await.unwrap_or_else(|error| {
        log::warn!("no messages for now: {error}");
        Vec::new()
    })
}

/// Sweeps at the start and then every minute, until told to stop.
pub async fn sweep(engine: Engine) {
    let stop = &engine.stop.stopping;
    let mut ticks = interval_at(Instant::now(), SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => report(engine.maintenance.sweep_beside_loop().await),
            () = stop.cancelled() => return,
        }
    }
}

fn report(swept: Result<engine::Swept, StorageError>) {
    match swept {
        Ok(swept) => log::debug!("{swept}"),
        Err(error) => log::warn!("sweep broken off: {error}"),
    }
}
