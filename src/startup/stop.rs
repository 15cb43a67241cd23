//! How the process ends when it is told to, in phases.
//!
//! 1. It is not ready any more, and says so: health is 503, whoever waits gets an answer, and each
//!    connection ends with its next reply.
//! 2. No new work begins: no message is taken, and no submission.
//! 3. What runs may come to its end, for a while. Clients are answered meanwhile.
//! 4. What still runs is told to break off, and its messages are given back. Nobody is let in any more,
//!    and the last replies are written.
//!
//! The first two are at once: everybody looks at one token.

use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use engine::limits::RELEASE_TIME;

/// Waits for a signal by which terminals, service managers and container platforms end a process, and
/// cancels `stop`. Whoever sends another one does not want to wait: that cancels `hurry`.
pub(super) async fn stop_on_signal(
    mut signals: Signals,
    stop: CancellationToken,
    hurry: CancellationToken,
) {
    let name = signals.next().await;
    log::info!("stopping: told to by a signal ({name})");
    stop.cancel();
    signals.next().await;
    hurry.cancel();
}

/// The signals that end a process.
#[cfg(unix)]
pub(super) struct Signals(Vec<(&'static str, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Signals {
    /// From now on they are not lost, and do not end the process themselves.
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = (!ignores_hangup()).then(|| ("SIGHUP", SignalKind::hangup()));
        let kinds = [
            ("SIGTERM", SignalKind::terminate()),
            ("SIGINT", SignalKind::interrupt()),
        ];
        let kinds = kinds.into_iter().chain(hangup);
        Self(
            kinds
                .filter_map(|(name, kind)| Some((name, signal(kind).ok()?)))
                .collect(),
        )
    }

    async fn next(&mut self) -> &'static str {
        use futures_util::future::{FutureExt, pending, select_all};
        let received = self
            .0
            .iter_mut()
            .map(|(name, signal)| signal.recv().map(|_| *name).boxed());
        // One that is for ever awaited, for the system may refuse us all of them.
        select_all(received.chain([pending().boxed()])).await.0
    }
}

/// Whether this process was started to outlive its terminal, as by `nohup`. Only Linux tells.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Bits are counted as signals are, and SIGHUP is the first.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// The signals that end a process.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Self {
        Self
    }

    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}

/// Once no new work is taken: lets what runs come to its end for `grace`, and gives back what does not.
pub(super) async fn shut_down(
    handle: ServerHandle,
    mut loops: JoinSet<()>,
    grace: Duration,
    stop_attempts: CancellationToken,
) {
    let begun = Instant::now();
    if timeout(grace, end_of(&mut loops)).await.is_err() && !grace.is_zero() {
        log::info!("stopping: the grace is over, what still runs is given back");
    }
    stop_attempts.cancel();
    let rest = grace.saturating_sub(begun.elapsed()).max(RELEASE_TIME);
    let finish = async { tokio::join!(end_of(&mut loops), handle.stop(true)) };
    let _ = timeout(rest, finish).await;
}

async fn end_of(loops: &mut JoinSet<()>) {
    while loops.join_next().await.is_some() {}
}
