//! The service of a scenario: one process without a host, or one under the double of the host.

use std::fs;
use std::process::Command;

use async_request_reply::triggers::QUEUE_WORKER;
use functions_host::{Event, FunctionsHost, HostOptions};
use ports::crash::{CRASH_AT, CrashPoint};
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::time::Instant;

use super::scenarios::{Drive, Scenario};
use super::storage::Storage;
use crate::helpers::azurite::azurite;
use crate::helpers::client::Client;
use crate::helpers::deployment::Setting;
use crate::helpers::eventually::eventually;
use crate::helpers::handler::Serving;
use crate::helpers::project::{app_of, handler_with_flows};

/// A service under way.
pub(super) struct Service<'a> {
    pub(super) storage: &'a Storage,
    pub(super) client: Client,
    running: Running,
    /// When the dead process was surely done for. Storage may serve its last requests after its
    /// death, but before the first ones of the next process.
    pub(super) died_at: Instant,
}

enum Running {
    Standalone(Box<Serving>),
    Hosted(FunctionsHost),
}

impl<'a> Service<'a> {
    /// Starts a process that is to die.
    pub(super) async fn start(storage: &'a Storage, scenario: &Scenario) -> Self {
        let mut own = vec![(CRASH_AT, scenario.crash_at())];
        if scenario.is_queued || scenario.drive == Drive::Drain {
            own.push(("EARLY_START", "off".to_owned()));
        }
        own.extend(
            scenario
                .settings
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let running = match storage.setting {
            Setting::Hosted => Running::Hosted(host(storage, own, scenario.drive).await),
            Setting::Embedded | Setting::Azurite => standalone(storage, own),
        };
        Self::over(storage, running)
    }

    fn over(storage: &'a Storage, running: Running) -> Self {
        let client = match &running {
            Running::Standalone(serving) => serving.client.clone(),
            Running::Hosted(host) => Client::of_host(host),
        };
        Self {
            storage,
            client,
            running,
            died_at: Instant::now(),
        }
    }

    /// Waits until storage is ready.
    pub(super) async fn healthy(&self) {
        eventually("the service is healthy", async || {
            let health = self.client.request("GET", "/api/health");
            self.reply(health).await
        })
        .await;
    }

    /// Sends what may get no reply; that of the host about a broken process is none. The body.
    pub(super) async fn reply(&self, request: RequestBuilder) -> Option<Value> {
        let response = request.send().await.ok()?;
        response.error_for_status().ok()?.json().await.ok()
    }

    /// Waits for the death at this point, and starts the service again.
    pub(super) async fn died_at(mut self, point: CrashPoint) -> Self {
        let said = format!("crash point {}", point.name());
        match self.running {
            Running::Standalone(serving) => {
                let ended = serving.handler.ended().await;
                assert_eq!(ended.code, None, "{}", ended.stdout);
                assert!(ended.stderr.contains(&said), "{}", ended.stderr);
                Self::again(self.storage).await
            }
            Running::Hosted(ref host) => {
                host.log_line(&said).await;
                self.restarted(1).await;
                self.died_at = Instant::now();
                self
            }
        }
    }

    /// Without a host: a new process, whose first sweep is over.
    async fn again(storage: &'a Storage) -> Self {
        let mut service = Self::over(storage, standalone(storage, Vec::new()));
        service.swept_at_start().await;
        service.died_at = Instant::now();
        service
    }

    /// Under the host: waits until it has started a new process after so many crashes.
    async fn restarted(&self, crashes: usize) {
        let Running::Hosted(host) = &self.running else {
            return;
        };
        let over = |events: &[Event]| {
            let mut ready = events.iter().filter(|event| **event == Event::WorkerReady);
            let crash = Event::WorkerExited { code: None };
            let exits = events.iter().filter(|event| **event == crash).count();
            (exits == crashes && ready.nth(crashes).is_some()).then_some(())
        };
        host.events().wait_for("restarted handler", over).await;
        self.healthy().await;
    }

    /// Lets one sweep come to its end. Without a host that takes an orderly stop and a start.
    pub(super) async fn sweep(self) -> Self {
        match self.running {
            Running::Standalone(serving) => {
                let ended = serving.stop("TERM").await;
                assert_eq!(ended.code, Some(0), "{}", ended.stdout);
                Self {
                    died_at: self.died_at,
                    ..Self::again(self.storage).await
                }
            }
            Running::Hosted(ref host) => {
                assert!(host.run_timer_now("timer_worker").await, "the sweep failed");
                self
            }
        }
    }

    /// Kills the process, and starts another.
    pub(super) async fn kill(self) -> Self {
        match self.running {
            Running::Standalone(serving) => {
                serving.stop("KILL").await;
                Self::again(self.storage).await
            }
            Running::Hosted(ref host) => {
                host.crash_worker().await;
                self.restarted(2).await;
                self
            }
        }
    }

    /// Lets a sweep begin that the process dies in.
    pub(super) async fn sweep_to_die(self, scenario: &Scenario) -> Self {
        match self.running {
            Running::Standalone(serving) => {
                serving.stop("TERM").await;
                Self::start(self.storage, scenario).await
            }
            Running::Hosted(ref host) => {
                assert!(!host.run_timer_now("timer_worker").await);
                self
            }
        }
    }

    /// Waits until the sweep that every start begins with is over.
    pub(super) async fn swept_at_start(&self) {
        match &self.running {
            Running::Standalone(serving) => drop(serving.handler.line_with("swept: ").await),
            Running::Hosted(host) => drop(host.finished("timer_worker", 1).await),
        }
    }

    /// Asks the process to end, as the platform does.
    pub(super) async fn terminate(&self) {
        match &self.running {
            Running::Standalone(serving) => serving.handler.signal("TERM"),
            Running::Hosted(host) => host.signal_worker("TERM").await,
        }
    }
}

/// A process without a host, with these settings beside those of the storage.
fn standalone(storage: &Storage, own: Vec<(&'static str, String)>) -> Running {
    let mut settings = storage.settings();
    settings.extend(own);
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Running::Standalone(Box::new(Serving::start_as(
        Command::new(handler_with_flows()),
        storage.folder.path(),
        &settings,
    )))
}

/// A host, whose first process alone has these settings beside those of the storage.
async fn host(storage: &Storage, own: Vec<(&'static str, String)>, drive: Drive) -> FunctionsHost {
    // Shorter than the project's, but not nothing: until the host has seen that a process is dead, what
    // it delivers fails, and five failures are the end of a message.
    let mut options = HostOptions::new(azurite().connection_string())
        .queue_option("visibilityTimeout", "00:00:03");
    for (name, value) in storage.settings() {
        options = options.setting(name, value);
    }
    for (name, value) in own {
        options = options.first_start(name, value);
    }
    let app = app_of(handler_with_flows());
    if drive == Drive::Drain {
        // Nobody brings the messages, and the sweep finds them.
        fs::remove_dir_all(app.as_ref().join(QUEUE_WORKER)).unwrap();
    }
    FunctionsHost::start(app, options).await.unwrap()
}
