//! The service under load: the release binary alone or under the double of the Functions host, or
//! one that runs already.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use functions_host::{AppRoot, FunctionsHost, HostOptions};

use super::http::{Connection, HttpError, Origin};
use super::log::Log;
use super::process::{Owned, Process};
use super::storage::Storage;

/// How long a service may take until it is healthy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the metrics of the services started here.
const KEY: &str = "the key of the load tool";

/// A service that answers.
pub(crate) struct Service {
    pub(crate) storage: Storage,
    pub(crate) origin: Origin,
    /// Of the routes that are not for everybody.
    pub(crate) key: Option<String>,
    /// Unknown when somebody else started it.
    pub(crate) process: Option<Process>,
    /// Ends with this value.
    _keeper: Keeper,
}

#[expect(dead_code, reason = "held to be dropped")]
enum Keeper {
    Us(Owned, Log),
    Host(Box<FunctionsHost>),
    SomebodyElse,
}

impl Service {
    /// Starts the binary that was built with this tool, in standalone mode on a free port, and waits
    /// until it answers.
    pub(crate) async fn standalone(
        storage: Storage,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, HttpError> {
        let handler = Path::new(env!("CARGO_BIN_EXE_handler"));
        Self::of(handler, storage, folder, settings).await
    }

    /// The same with another binary.
    pub(crate) async fn of(
        binary: &Path,
        storage: Storage,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, HttpError> {
        let begun = Instant::now();
        // As for its users: two lines a task.
        let log = Log::new(folder);
        let child = Owned(
            Command::new(binary)
                .args(["--bind-address", "127.0.0.1:0"])
                .current_dir(folder)
                .env_clear()
                .env("API_KEY", KEY)
                .envs(settings.iter().copied())
                .stdin(Stdio::null())
                .stdout(log.file()?)
                .spawn()?,
        );
        let address = log.address().await?;
        let origin = Origin::from(address);
        answers(&origin).await?;
        Ok(Self {
            storage,
            origin,
            key: Some(KEY.to_owned()),
            process: Some(Process::ready(child.0.id(), begun.elapsed())),
            _keeper: Keeper::Us(child, log),
        })
    }

    /// Starts the same binary under the double of the Functions host, which is a part of this
    /// process: all requests pass through it, and it feeds the messages. What it costs is in all
    /// figures but the processor time and the memory.
    pub(crate) async fn hosted(
        connection_string: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self, HttpError> {
        let begun = Instant::now();
        let app = AppRoot::of_project(
            Path::new(env!("CARGO_MANIFEST_DIR")),
            Path::new(env!("CARGO_BIN_EXE_handler")),
            Path::new(env!("CARGO_TARGET_TMPDIR")),
        )?;
        let mut options = HostOptions::new(connection_string).timer_schedule();
        for (name, value) in settings {
            options = options.setting(*name, *value);
        }
        let host = FunctionsHost::start(app, options)
            .await
            .map_err(|fault| format!("the host does not start: {fault:?}"))?;
        let origin = Origin::resolve(&host.url("")).await?;
        answers(&origin).await?;
        let id = host.worker_process().await;
        Ok(Self {
            storage: Storage::Hosted,
            origin,
            key: None,
            process: Some(Process::ready(id, begun.elapsed())),
            _keeper: Keeper::Host(Box::new(host)),
        })
    }

    /// One that somebody else has started.
    pub(crate) async fn running(url: &str, key: Option<String>) -> Result<Self, HttpError> {
        let origin = Origin::resolve(url).await?;
        answers(&origin).await?;
        Ok(Self {
            storage: Storage::Unknown,
            origin,
            key,
            process: None,
            _keeper: Keeper::SomebodyElse,
        })
    }
}

/// Waits until it is healthy.
async fn answers(origin: &Origin) -> Result<(), HttpError> {
    let mut connection = Connection::to(origin.clone());
    let begun = Instant::now();
    loop {
        let answer = connection.get("/api/health", &[]).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(format!("the service is not healthy: {}", answer.status).into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
