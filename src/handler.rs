//! The service, for a `main` of one's own: settings, kinds of work, run.

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use work::any::{AnyKind, Versions};
use work::workflow::Workflow;
use work::{BlockingKind, Kind, Kinds, Policy, any};

use crate::commands::Command;
use crate::config::{self, Config, ConfigError, LogFormat, Mode, Storage};
use crate::logging::{self, Flush};
use crate::startup::{Application, StartError};
use crate::{kinds, panics, tls};

/// What a process ends with whose settings or kinds are wrong, so that starting it again cannot help.
const MISUSED: u8 = 2;

/// The service of this process, put together and then run.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use async_request_reply::schemars::{self, JsonSchema};
/// use async_request_reply::{Context, Failure, Handler, Kind, Policy};
///
/// struct Greeting;
///
/// #[derive(serde::Deserialize, JsonSchema)]
/// struct Input {
///     name: String,
/// }
///
/// impl Kind for Greeting {
///     type Input = Input;
///     type Output = String;
///
///     async fn run(&self, input: Input, _: &Context) -> Result<String, Failure> {
///         Ok(format!("Hello, {}", input.name))
///     }
/// }
///
/// fn main() -> ExitCode {
///     Handler::from_env()
///         .kind("greeting", Greeting, Policy::default().attempts(3))
///         .run()
/// }
/// ```
pub struct Handler {
    start: Start,
    own: Vec<(String, Arc<dyn AnyKind>, Policy)>,
    has_fibonacci: bool,
    has_process_data: bool,
}

/// What the command line and the environment ask for.
enum Start {
    /// To do this instead of serving.
    Command(Command),
    /// To serve with these settings.
    Serve(Box<Config>, Flush),
    /// Something that cannot be meant.
    Refused(ConfigError),
}

impl Handler {
    /// Takes the settings of this process, from its flags and its environment, and begins to log.
    ///
    /// Ends the process when it was asked for help or its version, or with a flag that nobody knows.
    /// Whatever else is wrong [`run`](Self::run) tells.
    ///
    /// Also installs ring as the process's provider for `rustls`, unless there is one: without one
    /// `reqwest::Client::new()` panics. So make the clients of kinds after this.
    pub fn from_env() -> Self {
        tls::install();
        let start = match Command::asked_for(env::args_os()) {
            Some(command) => Start::Command(command),
            None => {
                panics::log_panics();
                match config::read() {
                    Ok((config, remarks)) => {
                        let flush = logging::init(&config.log_filter, config.log_format);
                        for remark in remarks {
                            log::warn!("{remark}");
                        }
                        Start::Serve(Box::new(config), flush)
                    }
                    Err(error) => Start::Refused(error),
                }
            }
        };
        Self {
            start,
            own: Vec::new(),
            has_fibonacci: true,
            has_process_data: true,
        }
    }

    /// Adds a kind that waits. With a name that cannot be one or that is taken, or with a policy that
    /// cannot be kept, the service does not start, and says why.
    #[must_use]
    pub fn kind(self, name: &str, kind: impl Kind, policy: Policy) -> Self {
        self.with(name, any::of(kind), policy)
    }

    /// Adds a kind that computes or blocks; otherwise as [`kind`](Self::kind).
    #[must_use]
    pub fn blocking_kind(self, name: &str, kind: impl BlockingKind, policy: Policy) -> Self {
        self.with(name, any::of_blocking(kind), policy)
    }

    /// Adds a workflow, in one version or in [several](crate::workflow::Versions); otherwise as
    /// [`kind`](Self::kind).
    #[must_use]
    pub fn workflow<W: Workflow>(
        self,
        name: &str,
        workflow: impl Into<Versions<W>>,
        policy: Policy,
    ) -> Self {
        self.with(name, workflow.into().into_any(), policy)
    }

    /// Leaves out the kind `fibonacci`, which comes with the service.
    #[must_use]
    pub fn without_fibonacci(self) -> Self {
        Self {
            has_fibonacci: false,
            ..self
        }
    }

    /// Leaves out the kind `process-data`, which comes with the service and does what
    /// `POST /api/enqueue` takes: for one of one's own with this name.
    #[must_use]
    pub fn without_process_data(self) -> Self {
        Self {
            has_process_data: false,
            ..self
        }
    }

    fn with(mut self, name: &str, kind: Arc<dyn AnyKind>, policy: Policy) -> Self {
        self.own.push((name.to_owned(), kind, policy));
        self
    }

    /// Serves until the process is told to stop; or does the command it was given.
    ///
    /// The code is 0 when it was told to stop, 2 when a setting or a kind is wrong, and 1 when anything
    /// else kept it from serving. The process ends here, whatever its threads are at, unless there was
    /// nothing to begin with.
    pub fn run(self) -> ExitCode {
        let Self {
            start,
            own,
            has_fibonacci,
            has_process_data,
        } = self;
        let known = |max_number, pause| {
            let mut standard = Kinds::default();
            if has_fibonacci {
                standard = kinds::with_fibonacci(standard, max_number);
            }
            if has_process_data {
                standard = kinds::with_process_data(standard, pause);
            }
            own.into_iter()
                .fold(standard, |kinds, (name, kind, policy)| {
                    kinds.with(&name, kind, policy)
                })
        };
        let (config, flush) = match start {
            // What they are called, no setting changes.
            Start::Command(command) => return command.run(known(0, Duration::ZERO)),
            Start::Serve(config, flush) => (*config, flush),
            Start::Refused(error) => {
                let _flush = logging::init("info", LogFormat::Text);
                log::error!("cannot start: {error}");
                return ExitCode::from(MISUSED);
            }
        };
        let known = known(config.max_number, config.surfaces.process_data_pause);
        let kinds = match kinds::with_those_of_settings(known, &config) {
            Ok(kinds) => kinds,
            Err(error) => {
                log::error!("cannot start: {error}");
                end(flush, MISUSED)
            }
        };
        match actix_web::rt::System::new().block_on(serve(config, kinds)) {
            Ok(()) => {
                log::info!("stopped");
                // Work that ignored its stop request would keep the runtime from ending.
                end(flush, 0)
            }
            Err(error) => {
                log::error!("{error}");
                end(flush, if error.is_misuse() { MISUSED } else { 1 })
            }
        }
    }
}

/// Ends the process, once its last lines have been written.
fn end(flush: Flush, code: u8) -> ! {
    drop(flush);
    std::process::exit(code.into())
}

async fn serve(config: Config, kinds: Kinds) -> Result<(), StartError> {
    let (mode, storage) = (config.mode, config.storage.clone());
    let location = match &storage {
        Storage::Embedded(folder) => format!("embedded store in {}", folder.display()),
        Storage::Azure(account) => format!(
            "azure storage at {} and {}, container {}, queue {}",
            account.blob_endpoint, account.queue_endpoint, config.container, config.queue
        ),
    };
    let is_for_people = config.log_format == LogFormat::Text && io::stdout().is_terminal();
    let example = kinds
        .get(engine::R0_KIND)
        .map(|_| r#"{"number": 24}"#.to_owned());
    let application = Application::build(config, kinds)?;
    let address = application.address();
    log::info!("{} on http://{address}, {location}", mode.name());
    if let (Mode::Standalone(_), true, Some(example)) = (mode, is_for_people, example) {
        log::info!(
            "try: curl -d '{example}' -H 'Content-Type: application/json' http://{address}/api/tasks"
        );
    }
    application.run_until_signal().await
}
