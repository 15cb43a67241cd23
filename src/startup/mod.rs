//! The composition root: the one place that knows all parts, and how none of them works.

mod access;
mod backend;
mod callbacks;
mod connection;
mod descriptors;
mod error;
mod server;
mod socket;
mod stop;
mod surfaces;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use self::error::StartError;

use self::access::access;
use self::backend::Backend;
use self::callbacks::callbacks;
use self::server::serve;
use self::stop::{Signals, shut_down, stop_on_signal};
use crate::api::OwnQueue;
use crate::config::{self, Config, Mode, Storage};
use crate::rules;
use crate::triggers::early;
use crate::triggers::standalone::{self, Pace};
use backends::{Counts, SystemClock};
use engine::limits::EARLY_START_MAX;
use engine::{EarlyStart, Engine, Settings, Stop, Tasks, fit_host};
use ports::{Clock, Recovery};
use work::Kinds;

/// A look into the embedded store costs next to nothing.
const EMBEDDED_PACE: Pace = Pace {
    longest_wait: Duration::from_secs(1),
    rest: 0,
};

/// One into Azure is billed: 120 an hour are few, and under load a fifth of the loop's time.
pub const AZURE_PACE: Pace = Pace {
    longest_wait: Duration::from_secs(30),
    rest: 4,
};

/// The waits between two tries to find storage at the start.
const FIRST_PREPARE_WAIT: Duration = Duration::from_secs(1);
const LONGEST_PREPARE_WAIT: Duration = Duration::from_secs(30);

/// The service, ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    config: Config,
    backend: Backend,
    engine: Engine,
    raw_queue: Option<OwnQueue>,
}

impl Application {
    /// Listens first, so that the host finds the port open, then opens storage. Does no I/O to a
    /// storage account yet: that is [`run`](Self::run)'s.
    pub fn build(config: Config, kinds: Kinds) -> Result<Self, StartError> {
        let kinds = kinds.checked()?;
        if let Mode::Hosted(_) = config.mode {
            fit_host(&kinds)?;
        }
        surfaces::check(&config.surfaces, &kinds)?;
        let address = config.mode.address();
        let listen = |cause| StartError::Listen { address, cause };
        let listener = TcpListener::bind(address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let counts = Arc::new(Counts::default());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let backend = Backend::open(&config, Arc::clone(&clock), &counts)?;
        // After the store was opened: its folder is ours from then on.
        let access = access(&config)?;
        let settings = Settings {
            concurrency: config.worker_concurrency,
            waiting: config.worker_waiting,
            max_result_bytes: config.max_result_bytes,
            max_queue_length: config.max_queue_length,
            has_other_workers: matches!(config.storage, Storage::Azure(_)),
            early_start: early_start(&config),
            retention: config.retention,
            callbacks: callbacks(&config, &access, address),
            rules: rules::read(&config)?.map(Arc::new),
        };
        let engine = Engine::new(backend.ports.clone(), kinds, clock, settings);
        let raw_queue = raw_queue(&config, &engine.tasks, &backend)?;
        let server = serve(listener, &config, &engine, access, raw_queue.clone())?;
        Ok(Self {
            server,
            address,
            config,
            backend,
            engine,
            raw_queue,
        })
    }

    /// Where it listens; with port 0 in the settings, the port it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until [`stopper`](Self::stopper) ends it. `Ok` when it was told to stop. Signals are left to
    /// the process, which may be somebody's test.
    pub async fn run(self) -> Result<(), StartError> {
        self.serve(CancellationToken::new()).await
    }

    /// As [`run`](Self::run), and ends by a signal as well, for a process that does nothing else.
    pub async fn run_until_signal(self) -> Result<(), StartError> {
        let hurry = CancellationToken::new();
        let told = stop_on_signal(Signals::listen(), self.stopper(), hurry.clone());
        rt::spawn(told);
        self.serve(hurry).await
    }

    async fn serve(self, hurry: CancellationToken) -> Result<(), StartError> {
        let Self {
            server,
            config,
            backend,
            engine,
            raw_queue,
            ..
        } = self;
        let Stop {
            stopping,
            break_off,
        } = engine.stop.clone();
        let handle = server.handle();
        let mut serving = rt::spawn(server);
        let mut loops = JoinSet::new();
        // Requests are answered meanwhile: the host's readiness check must not wait for storage.
        tokio::select! {
            prepared = prepare(&engine.tasks, raw_queue.as_ref(), &backend, config.mode) => if let Err(error) = prepared {
                handle.stop(false).await;
                return Err(error);
            },
            () = stopping.cancelled() => {}
        }
        if let Some(messages) = engine.early_messages() {
            loops.spawn_local(early::work(engine.clone(), messages));
        }
        if let Mode::Standalone(_) = config.mode {
            let pace = match config.storage {
                Storage::Embedded(_) => EMBEDDED_PACE,
                Storage::Azure(_) => AZURE_PACE,
            };
            loops.spawn_local(standalone::work(engine.clone(), pace));
            loops.spawn_local(standalone::sweep(engine));
        }
        tokio::select! {
            biased;
            () = stopping.cancelled() => {}
            ended = &mut serving => {
                return ended.map_err(std::io::Error::other)?.map_err(StartError::Serve);
            }
            // A service that answers and does not work would look healthy.
            Some(_) = loops.join_next() => return Err(StartError::LoopEnded),
            // One that answers 503 for ever helps nobody: whoever supervises it starts another.
            () = backend.broken_off() => return Err(StartError::StoreEnded),
        }
        tokio::select! {
            () = shut_down(handle, loops, config.shutdown_grace, break_off) => Ok(()),
            () = hurry.cancelled() => Err(StartError::Hurried),
        }
    }

    /// Canceling this ends the service as a signal does.
    pub fn stopper(&self) -> CancellationToken {
        self.engine.stop.stopping.clone()
    }
}

/// The queue of clients' own messages, if the settings name one, which no task may use: whoever takes a
/// task's message out of its queue takes an attempt from it.
fn raw_queue(
    config: &Config,
    tasks: &Tasks,
    backend: &Backend,
) -> Result<Option<OwnQueue>, StartError> {
    let Some(name) = &config.raw_queue else {
        return Ok(None);
    };
    match tasks.glimpse(name.as_str()) {
        Some(_) => Err(StartError::RawQueueOfTasks(name.clone())),
        None => Ok(Some(backend.raw_queue(name))),
    }
}

/// Which tasks begin where they were accepted. On the embedded store none: its loop is told of each message
/// at once.
fn early_start(config: &Config) -> EarlyStart {
    match (&config.storage, config.early_start) {
        (Storage::Embedded(_), _) | (_, config::EarlyStart::Off) => EarlyStart::Off,
        (Storage::Azure(_), config::EarlyStart::Waiting) => EarlyStart::Waiting,
        (Storage::Azure(_), config::EarlyStart::All) => EarlyStart::All {
            usual_at_most: match config.mode {
                Mode::Hosted(_) => Some(EARLY_START_MAX),
                Mode::Standalone(_) => None,
            },
        },
    }
}

/// Creates what is missing in storage. An outage at the start is one like any other: it is waited
/// for, and requests get a 503 meanwhile. So is a permission, which takes minutes to count once it was
/// granted. Fails when waiting cannot help; never under the Functions host, which gives up for good
/// after three processes that ended.
async fn prepare(
    tasks: &Tasks,
    raw_queue: Option<&OwnQueue>,
    backend: &Backend,
    mode: Mode,
) -> Result<(), StartError> {
    let mut wait = FIRST_PREPARE_WAIT;
    loop {
        let prepared = async {
            tasks.prepare_storage().await?;
            match raw_queue {
                Some(queue) => queue.messages.prepare().await,
                None => Ok(()),
            }
        };
        match prepared.await {
            Ok(()) => return Ok(()),
            Err(cause) => {
                let is_final = cause.recovery == Recovery::Permanent;
                let error = backend.error(cause);
                if is_final && matches!(mode, Mode::Standalone(_)) {
                    return Err(error);
                }
                let seconds = wait.as_secs();
                log::warn!("{error}; trying again in {seconds} s");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_PREPARE_WAIT);
    }
}
