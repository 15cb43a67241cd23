//! How the process ends when it is told to: take no new work, finish or release what runs.

use std::time::Duration;

use actix_web::dev::ServerHandle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Mode;
use crate::tasks::limits::STOP_GRACE;

/// Waits for Ctrl-C, or the signal by which service managers and container platforms end a
/// process, and tells everything to take no new work.
pub(super) async fn stop_on_signal(stop: CancellationToken) {
    signalled().await;
    log::info!("stopping: told to by a signal");
    stop.cancel();
}

async fn signalled() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

/// Once no new work is taken: lets what runs come to its end for a while, and releases what does not.
pub(super) async fn shut_down(
    handle: ServerHandle,
    mut loops: JoinSet<()>,
    mode: Mode,
    stop_attempts: CancellationToken,
) {
    let finish = async {
        handle.stop(true).await;
        while loops.join_next().await.is_some() {}
    };
    let grace = match mode {
        // The host gives no time: it delivers again what was under way.
        Mode::Hosted(_) => Duration::ZERO,
        Mode::Standalone(_) => STOP_GRACE,
    };
    tokio::pin!(finish);
    if tokio::time::timeout(grace, &mut finish).await.is_err() {
        stop_attempts.cancel();
        // Releasing needs storage for a moment.
        let _ = tokio::time::timeout(STOP_GRACE, finish).await;
    }
}
