//! A double of the Azure Functions host: it runs the app of a folder, as it would be published, and
//! treats its handler as the host would.
//!
//! It follows the host's protocol for custom handlers, whose sections the modules name, and where the
//! two differ, what a real host was seen to do. It starts the process, polls `GET /`, forwards HTTP,
//! takes messages from a real queue, deletes, releases and poisons them, runs timers, restarts after a
//! crash and kills on a timeout. It shares no code with the product.
//!
//! It is for tests: what waits has a deadline, and panics with all that was seen until then.
//!
//! ```no_run
//! use functions_host::{Client, FunctionsHost, HostOptions, Payload};
//! use hyper::{HeaderMap, Method};
//!
//! # async fn test(folder: std::path::PathBuf) -> Result<(), Box<dyn std::error::Error>> {
//! let options = HostOptions::new("UseDevelopmentStorage=true");
//! let host = FunctionsHost::start(folder, options).await?;
//! let url = host.url("/api/health");
//! let client = Client::default();
//! let get = client.send(Method::GET, &url, HeaderMap::new(), Payload::Empty);
//! assert_eq!(get.await?.status, 200);
//! # Ok(())
//! # }
//! ```
//!
//! Left out, because no test needs it: admin endpoints and the home page, the schedule monitor and
//! the locks between hosts, payload-mode HTTP and output bindings, retry policies, disabled
//! functions, file watching, identity-based connections. A manifest that needs one of
//! these is refused, never half-obeyed. Where the host would leave out a broken function and go
//! on, this double does not start.
//!
//! ```text
//! caller ─▶ http ──────────┐            ┌─ worker ─ launch ─▶ handler process
//! queue  ─▶ queue_trigger ─┼─▶ invoke ─▶┤
//! clock  ─▶ timer_trigger ─┘            └─ client ──────────▶ 127.0.0.1:{port}
//! ```

mod account;
mod app_root;
mod backoff;
mod client;
mod envelope;
mod events;
mod forwarding;
mod function;
mod functions_host;
mod http;
mod invoke;
mod journal;
mod launch;
mod manifest;
mod observe;
mod options;
mod query;
mod queue_trigger;
mod route;
mod settings;
mod storage_queue;
mod timer_trigger;
mod worker;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

pub use app_root::AppRoot;
pub use client::{Answer, Client, Payload, SendError};
pub use events::{Event, Finished, Invocation, Level, LogLine, Outcome, Source};
pub use forwarding::HostVersion;
pub use function::{
    AuthLevel, Function, HttpTrigger, QueueTrigger, TimerTrigger, Trigger, read_functions,
};
pub use functions_host::FunctionsHost;
pub use http::Routes;
pub use journal::Journal;
pub use manifest::{
    CustomHandler, Description, ExtensionBundle, Extensions, Fault, HostManifest, HttpOptions,
    MessageEncoding, QueueOptions,
};
pub use options::HostOptions;
pub use route::Template;
pub use settings::{LocalSettings, Settings};
pub use storage_queue::{Message, QueueError, StorageQueue};

/// The handler is given this many times `initializationTimeout` before an invocation gives up and
/// the host with it (protocol: Readiness).
const INITIALIZATION_ATTEMPTS: u32 = 4;

/// What the parts of a running host share.
struct Host {
    manifest: HostManifest,
    settings: Settings,
    version: HostVersion,
    /// What the handler's first process is told beside them; empty once it was started.
    first_start: Mutex<Vec<(String, String)>>,
    routes: Routes,
    function_key: Option<String>,
    receive_lease: Duration,
    timer_schedule: bool,
    client: Client,
    worker: worker::Worker,
    /// Counts payload invocations; their framing alternates.
    framing: AtomicUsize,
    events: Journal<Event>,
    logs: Journal<LogLine>,
    stop: watch::Sender<bool>,
}

impl Host {
    /// Stops everything; only the first call counts.
    fn stop(&self, reason: &str) {
        if !self.stop.send_replace(true) {
            self.events.push(Event::HostStopped {
                reason: reason.to_owned(),
            });
        }
    }

    async fn stopped(&self) {
        // The sender lives in `self`, so the channel cannot close.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Waits for the handler as an invocation does; the error is the reason.
    async fn worker_ready(self: &Arc<Self>) -> Result<(), String> {
        let limit = self.manifest.custom_handler.initialization_timeout * INITIALIZATION_ATTEMPTS;
        timeout(limit, self.worker.ready()).await.map_err(|_| {
            let reason = "Initialization timed out and host is shutting down";
            self.stop(reason);
            reason.to_owned()
        })
    }

    fn error(&self, text: String) {
        self.logs.push(LogLine {
            level: Level::Error,
            source: Source::Host,
            text,
        });
    }
}
