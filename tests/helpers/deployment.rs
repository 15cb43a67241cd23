//! The service as it is deployed: by itself on either store, or under the double of the Functions host. For
//! what must hold everywhere.

use std::path::Path;
use std::process::Command;

use functions_host::{FunctionsHost, HostOptions, StorageQueue};
use tempfile::TempDir;
use uuid::Uuid;

use super::azurite::azurite;
use super::client::Client;
use super::eventually::eventually;
use super::handler::Serving;
use super::project::app_of;

/// What links begin with under the host, whose address nobody tells the service.
const PUBLIC_BASE_URL: &str = "http://tasks.example";

/// The time in the row of a stranger, in milliseconds since 1970: in the year 2024.
const LONG_AGO: i64 = 1_720_000_000_000;

/// Storage and mode. Hosted mode needs a storage account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Embedded,
    Azurite,
    Hosted,
}

impl Setting {
    /// The storage account, as a connection string.
    pub(crate) fn account(self) -> Option<String> {
        match self {
            Self::Embedded => None,
            Self::Azurite | Self::Hosted => Some(azurite().connection_string()),
        }
    }
}

/// A service on a store that no other has.
pub(crate) struct Deployment {
    pub(crate) client: Client,
    running: Running,
    queue: String,
    folder: TempDir,
    program: String,
    /// As it was started with.
    settings: Vec<(String, String)>,
}

enum Running {
    Standalone(Box<Serving>),
    Hosted(FunctionsHost),
}

impl Deployment {
    /// Starts it with these settings beside those that its storage takes, and waits until it is ready.
    pub(crate) async fn start(setting: Setting, settings: &[(&str, &str)]) -> Self {
        Self::start_as(env!("CARGO_BIN_EXE_handler"), setting, settings).await
    }

    /// The same, of the service in a program of one's own.
    pub(crate) async fn start_as(
        program: &str,
        setting: Setting,
        settings: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut settings, account) = (settings.to_vec(), setting.account());
        let name = format!("deployed-{}", Uuid::now_v7());
        if let Some(account) = &account {
            settings.extend([
                ("AzureWebJobsStorage", &**account),
                ("queue_name", &name),
                ("BLOB_CONTAINER_NAME", &name),
            ]);
        }
        if setting != Setting::Hosted {
            let serving = Serving::start_as(Command::new(program), folder.path(), &settings);
            return Self {
                client: serving.client.clone(),
                running: Running::Standalone(Box::new(serving)),
                queue: match setting {
                    Setting::Embedded => "background-tasks".to_owned(),
                    Setting::Azurite | Setting::Hosted => name.clone(),
                },
                folder,
                program: program.to_owned(),
                settings: owned(&settings),
            };
        }
        settings.extend([
            ("PUBLIC_BASE_URL", PUBLIC_BASE_URL),
            ("CALLBACK_SECRET", "a key for callbacks alone"),
        ]);
        let host = hosted(program, &settings).await;
        Self {
            client: Client::of_host(&host),
            running: Running::Hosted(host),
            queue: name.clone(),
            folder,
            program: program.to_owned(),
            settings: owned(&settings),
        }
    }

    /// Has it sweep now: under the host the timer brings that, and a process by itself begins with it, so it is
    /// started again, dead or alive.
    pub(crate) async fn sweep(&mut self) {
        match &mut self.running {
            Running::Hosted(host) => assert!(host.run_timer_now("timer_worker").await),
            Running::Standalone(serving) => {
                serving.handler.kill();
                let settings = self.settings.iter();
                let settings: Vec<_> = settings.map(|(name, value)| (&**name, &**value)).collect();
                let program = Command::new(&self.program);
                **serving = Serving::start_as(program, self.folder.path(), &settings);
                self.client = serving.client.clone();
            }
        }
    }

    /// Leaves a message among the dead letters of the main queue that this service would not have made.
    pub(crate) async fn dead_message(&self, text: &str) {
        let poison = format!("{}-poison", self.queue);
        let account = self
            .settings
            .iter()
            .find(|(name, _)| name == "AzureWebJobsStorage");
        match account {
            Some((_, account)) => {
                let queue = StorageQueue::new(account, &poison).unwrap();
                // The service makes its queues after it has said where it serves.
                queue.create().await.unwrap();
                queue.send(text).await.unwrap();
            }
            None => {
                let file = rusqlite::Connection::open(self.folder.path().join("data/tasks.db"));
                let insert = "INSERT INTO messages (queue, inserted_at, visible_at, text) VALUES (?1, ?2, ?2, ?3)";
                let row = rusqlite::params![poison, LONG_AGO, text];
                file.unwrap().execute(insert, row).unwrap();
            }
        }
    }

    /// The id of the process that does the work.
    pub(crate) async fn process(&self) -> u32 {
        match &self.running {
            Running::Standalone(serving) => serving.handler.id(),
            Running::Hosted(host) => host.worker_process().await,
        }
    }

    /// The name of the main queue of tasks.
    pub(crate) fn queue(&self) -> String {
        self.queue.clone()
    }

    /// The folder it runs in, if it is by itself.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills that process.
    pub(crate) async fn kill(&self) {
        match &self.running {
            Running::Standalone(serving) => serving.handler.signal("KILL"),
            Running::Hosted(host) => host.crash_worker().await,
        }
    }

    /// The path and query of a link of the service.
    pub(crate) fn path_of<'a>(&self, link: &'a str) -> &'a str {
        let base = match &self.running {
            Running::Standalone(_) => self.client.base(),
            Running::Hosted(_) => PUBLIC_BASE_URL,
        };
        link.strip_prefix(base).expect(link)
    }
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let settings = settings.iter();
    settings
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// This project's app under a host.
async fn hosted(program: &str, settings: &[(&str, &str)]) -> FunctionsHost {
    // Retries at once, where the project waits ten seconds.
    let options = HostOptions::new(azurite().connection_string())
        .queue_option("visibilityTimeout", "00:00:00");
    let set = |options: HostOptions, (name, value): &(&str, &str)| options.setting(*name, *value);
    let options = settings.iter().fold(options, set);
    let host = FunctionsHost::start(app_of(Path::new(program)), options)
        .await
        .unwrap();
    let client = Client::of_host(&host);
    eventually("the service is healthy", async || {
        let health = client.request("GET", "/api/health").send().await.ok()?;
        health.error_for_status().ok().map(drop)
    })
    .await;
    // The timer's run at start-up would take messages that a test means for the queue trigger.
    host.finished("timer_worker", 1).await;
    host
}
