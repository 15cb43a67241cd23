//! What the parts of a running host share.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::client::Client;
use super::events::{Event, Level, LogLine, Source};
use super::forwarding::HostVersion;
use super::journal::Journal;
use super::manifest::HostManifest;
use super::routes::Routes;
use super::settings::Settings;
use super::worker::Worker;

/// The handler is given this many times `initializationTimeout` before an invocation gives up and
/// the host with it (protocol: Readiness).
const INITIALIZATION_ATTEMPTS: u32 = 4;

/// A running host.
pub(crate) struct Host {
    pub(crate) manifest: HostManifest,
    pub(crate) settings: Settings,
    pub(crate) version: HostVersion,
    /// What the handler's first process is told beside them; empty once it was started.
    pub(crate) first_start: Mutex<Vec<(String, String)>>,
    pub(crate) routes: Routes,
    pub(crate) function_key: Option<String>,
    pub(crate) receive_lease: Duration,
    pub(crate) timer_schedule: bool,
    pub(crate) client: Client,
    pub(crate) worker: Worker,
    /// Counts payload invocations; their framing alternates.
    pub(crate) framing: AtomicUsize,
    pub(crate) events: Journal<Event>,
    pub(crate) logs: Journal<LogLine>,
    pub(crate) stop: watch::Sender<bool>,
}

impl Host {
    /// Stops everything; only the first call counts.
    pub(crate) fn stop(&self, reason: &str) {
        if !self.stop.send_replace(true) {
            self.events.push(Event::HostStopped {
                reason: reason.to_owned(),
            });
        }
    }

    pub(crate) async fn stopped(&self) {
        // The sender lives in `self`, so the channel cannot close.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Waits for the handler as an invocation does; the error is the reason.
    pub(crate) async fn worker_ready(self: &Arc<Self>) -> Result<(), String> {
        let limit = self.manifest.custom_handler.initialization_timeout * INITIALIZATION_ATTEMPTS;
        timeout(limit, self.worker.ready()).await.map_err(|_| {
            let reason = "Initialization timed out and host is shutting down";
            self.stop(reason);
            reason.to_owned()
        })
    }

    pub(crate) fn error(&self, text: String) {
        self.logs.push(LogLine {
            level: Level::Error,
            source: Source::Host,
            text,
        });
    }
}
