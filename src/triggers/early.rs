//! Work that begins where it was accepted: a loop beside the host's deliveries, or beside our own, that
//! works on the messages which this process holds since it has sent them.

use tokio::task::JoinSet;

use engine::{EarlyMessages, Engine};

/// Works on these messages until told to stop; then on those that are held or about to be, as the other
/// loops do on what is in their hands.
pub async fn work(engine: Engine, mut messages: EarlyMessages) {
    let mut in_flight = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            next = messages.next() => {
                let Some(early) = next else {
                    return;
                };
                in_flight.spawn(engine.begin(early));
            }
            Some(_) = in_flight.join_next() => {}
        }
    }
}
