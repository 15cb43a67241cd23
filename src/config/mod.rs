//! The process's settings: the only reader of the environment.
//!
//! Every setting has an environment variable and a flag; [`Args`] lists them, [`Config`] is what
//! they mean. Nothing falls back silently: a setting that is there and wrong stops the start with
//! one sentence that names it.

mod account;
mod address;
mod args;
mod cleaned;
mod container;
mod environment;
mod error;
mod files;
mod log_filter;
mod mode;
mod near_miss;
mod patience;
mod process;
mod surfaces;
mod urls;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ports::{QueueName, Secret};

pub use crate::origins::Origins;
use crate::surfaces::{FileProcessing, Surfaces};
pub(crate) use args::flags;
pub use args::{Args, Setting, settings};
pub use error::ConfigError;
pub use files::{FileArgs, FileStorage};
pub use mode::{EarlyStart, LogFormat, Mode, Storage};
pub use patience::Patience;
pub use process::{NoSecret, is_secret, read, secret, variable};
pub use surfaces::SurfaceArgs;
use urls::{base_url, origins};

use self::account::AccountArgs;
use self::address::bind_address;
use self::container::container_name;
use self::error::wrong;
use self::files::file_processing;
use self::log_filter::log_filter;

/// What the settings mean.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who listens to the outside and feeds the worker.
    pub mode: Mode,
    /// Where records and messages are kept.
    pub storage: Storage,
    /// The container of the task records.
    pub container: String,
    /// The queue of the messages; the poison queue has `-poison` behind it.
    pub queue: QueueName,
    /// The queue of clients' own messages, if there is to be one.
    pub raw_queue: Option<QueueName>,
    /// The keys of the routes that list, manage or measure.
    pub api_keys: Vec<Secret>,
    /// The keys of submission, which takes the others as well; without any it is open.
    pub submit_keys: Vec<Secret>,
    /// The keys of callbacks, the first of which signs; those of the routes come after them.
    pub callback_secrets: Vec<Secret>,
    /// The hosts that may be called back when a task has ended, as they are written.
    pub callback_url_hosts: Vec<String>,
    /// What those calls are signed with.
    pub callback_url_secret: Option<Secret>,
    /// The base of the links in replies, if it is not the one the client used.
    pub public_base_url: Option<String>,
    /// Whose pages may call the service from a browser, in standalone mode.
    pub allowed_origins: Origins,
    /// Whether inputs of kinds behind a URL may travel to other machines unencrypted.
    pub kinds_allow_http: bool,
    /// The file of the kinds of work that are not written in Rust.
    pub kinds_file: Option<PathBuf>,
    /// The file of what is done about dead letters, if it is another than the one beside that of the kinds.
    pub dead_letter_rules: Option<PathBuf>,
    /// What is done with what comes without the name of a kind.
    pub surfaces: Surfaces,
    /// Where the files of kinds are kept.
    pub files: FileStorage,
    /// The kinds that process files, if they are to be there.
    pub file_processing: Option<FileProcessing>,
    /// The largest |n| of a Fibonacci task.
    pub max_number: u64,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Submissions are refused while more messages than this wait.
    pub max_queue_length: Option<u64>,
    /// How long a terminal record is kept.
    pub retention: Duration,
    /// How many attempts compute side by side.
    pub worker_concurrency: usize,
    /// How many attempts wait side by side, for something else than the processors.
    pub worker_waiting: usize,
    /// Which tasks begin in the process that accepted them.
    pub early_start: EarlyStart,
    /// The largest result, in bytes.
    pub max_result_bytes: usize,
    /// How long storage may take for one request, in all.
    pub request_budget: Duration,
    /// How long work and replies under way may go on when the process is told to stop.
    pub shutdown_grace: Duration,
    /// What is logged, in the syntax of `env_logger`.
    pub log_filter: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// What bodies of requests and replies may hold of memory, in bytes.
    pub memory_budget: usize,
    /// How long clients may take.
    pub patience: Patience,
}

impl Config {
    /// What tests begin with: standalone on a free port of this machine, on an embedded store in this
    /// folder, with this queue, without keys and without a log.
    pub fn for_tests(folder: &Path, queue: QueueName) -> Self {
        Self {
            mode: Mode::Standalone((Ipv4Addr::LOCALHOST, 0).into()),
            storage: Storage::Embedded(folder.to_owned()),
            container: "tasks".to_owned(),
            queue,
            raw_queue: None,
            api_keys: Vec::new(),
            submit_keys: Vec::new(),
            callback_secrets: Vec::new(),
            callback_url_hosts: Vec::new(),
            callback_url_secret: None,
            kinds_allow_http: false,
            public_base_url: None,
            allowed_origins: Origins::None,
            kinds_file: None,
            dead_letter_rules: None,
            surfaces: Surfaces::default(),
            files: FileStorage {
                account: None,
                container: "files".to_owned(),
            },
            file_processing: None,
            max_number: 10_000_000,
            max_body_bytes: 8 * 1024 * 1024,
            max_queue_length: None,
            retention: Duration::from_secs(60 * 60),
            request_budget: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(5),
            worker_concurrency: 4,
            worker_waiting: 100,
            early_start: EarlyStart::All,
            max_result_bytes: 64 * 1024 * 1024,
            log_format: LogFormat::Text,
            log_filter: "off".to_owned(),
            memory_budget: MEMORY_BUDGET,
            patience: Patience::default(),
        }
    }
}

/// What bodies may hold: 128 results of 2 MiB on their way to clients, in a process that still fits
/// into a small container.
const MEMORY_BUDGET: usize = 256 * 1024 * 1024;

impl TryFrom<Args> for Config {
    type Error = ConfigError;

    fn try_from(args: Args) -> Result<Self, ConfigError> {
        let mode = match &args.functions_port {
            Some(port) => Mode::Hosted(SocketAddr::from((
                // The host calls 127.0.0.1, literally; and nobody else may reach the trigger routes.
                Ipv4Addr::LOCALHOST,
                parse(port, "FUNCTIONS_CUSTOMHANDLER_PORT", "is not a port number")?,
            ))),
            None => Mode::Standalone(bind_address(&args.bind_address)?),
        };
        let [tasks_account, files_account] = args.accounts();
        let storage = storage(&args, &tasks_account, mode)?;
        let queue = QueueName::try_from(args.queue_name.as_str())
            .map_err(|error| wrong("queue_name", error.to_string()))?;
        let container = container_name("BLOB_CONTAINER_NAME", args.container.clone())?;
        let files_account = files_account.read()?;
        let files = FileStorage::read(&args.files, files_account, &storage, &container)?;
        let file_processing = file_processing(&args.files)?;
        let max_queue_length = parse(&args.max_queue_length, "MAX_QUEUE_LENGTH", NOT_A_COUNT)?;
        Ok(Self {
            mode,
            storage,
            container,
            queue,
            raw_queue: raw_queue(args.raw_queue_name.as_deref())?,
            api_keys: keys([
                ("API_KEY", args.api_key),
                ("API_KEY_SECONDARY", args.api_key_secondary),
            ])?,
            submit_keys: keys([
                ("SUBMIT_KEY", args.submit_key),
                ("SUBMIT_KEY_SECONDARY", args.submit_key_secondary),
            ])?,
            callback_secrets: keys([
                ("CALLBACK_SECRET", args.callback_secret),
                ("CALLBACK_SECRET_SECONDARY", args.callback_secret_secondary),
            ])?,
            callback_url_hosts: args.callback_url_hosts.map_or_else(Vec::new, |hosts| {
                let hosts = hosts.split(',').map(str::trim);
                let hosts = hosts.filter(|host| !host.is_empty());
                hosts.map(str::to_owned).collect()
            }),
            callback_url_secret: args.callback_url_secret.map(Secret::new),
            public_base_url: args.public_base_url.map(|url| base_url(&url)).transpose()?,
            allowed_origins: origins(args.cors_allowed_origins.as_deref(), mode)?,
            kinds_allow_http: match args.kinds_allow_http.to_ascii_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => return Err(wrong("KINDS_ALLOW_HTTP", "is neither true nor false")),
            },
            kinds_file: args.kinds_file.map(PathBuf::from),
            dead_letter_rules: args.dead_letter_rules.map(PathBuf::from),
            surfaces: args.surfaces.try_into()?,
            files,
            file_processing,
            max_number: parse(&args.max_number, "MAX_NUMBER", NOT_A_COUNT)?,
            max_body_bytes: bytes(&args.max_body_bytes, "MAX_BODY_BYTES")?,
            max_queue_length: Some(max_queue_length).filter(|max| *max > 0),
            retention: retention(&args.retention)?,
            request_budget: request_budget(&args.request_budget)?,
            shutdown_grace: shutdown_grace(&args.shutdown_grace, mode)?,
            worker_concurrency: match args.worker_concurrency {
                Some(count) => worker_concurrency(&count)?,
                None => std::thread::available_parallelism().map_or(1, usize::from),
            },
            worker_waiting: worker_waiting(&args.worker_waiting)?,
            early_start: match args.early_start.to_ascii_lowercase().as_str() {
                "all" => EarlyStart::All,
                "waiting" => EarlyStart::Waiting,
                "off" => EarlyStart::Off,
                _ => return Err(wrong("EARLY_START", "is none of all, waiting and off")),
            },
            max_result_bytes: bytes(&args.max_result_bytes, "MAX_RESULT_BYTES")?,
            log_filter: log_filter(&args.log_filter)?,
            log_format: match args.log_format.to_ascii_lowercase().as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err(wrong("LOG_FORMAT", "is neither text nor json")),
            },
            memory_budget: MEMORY_BUDGET,
            patience: Patience::default(),
        })
    }
}

/// That no task uses it is known when the kinds are.
fn raw_queue(name: Option<&str>) -> Result<Option<QueueName>, ConfigError> {
    name.map(QueueName::try_from)
        .transpose()
        .map_err(|error| wrong("RAW_QUEUE_NAME", error.to_string()))
}

/// Storage is tried more than once in a second. And whoever claimed a key has ended, or given up, before
/// another carries it on (`engine::limits::ACCEPTING_TIMEOUT`).
const BUDGETS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(100);

fn request_budget(text: &str) -> Result<Duration, ConfigError> {
    humantime::parse_duration(text)
        .ok()
        .filter(|budget| BUDGETS.contains(budget))
        .ok_or_else(|| {
            wrong(
                "REQUEST_BUDGET",
                "is not a duration from 1s to 100s, such as 10s",
            )
        })
}

fn shutdown_grace(text: &str, mode: Mode) -> Result<Duration, ConfigError> {
    let grace = humantime::parse_duration(text)
        .map_err(|_| wrong("SHUTDOWN_GRACE", "is not a duration, such as 0s, 5s or 1m"))?;
    Ok(match mode {
        // The host kills this process soon, and delivers again what was under way.
        Mode::Hosted(_) => Duration::ZERO,
        Mode::Standalone(_) => grace,
    })
}

/// Attempts run on threads that may block, of which the runtime starts no more.
const MAX_CONCURRENCY: usize = 512;

fn worker_concurrency(text: &str) -> Result<usize, ConfigError> {
    match text.trim().parse() {
        Ok(count) if (1..=MAX_CONCURRENCY).contains(&count) => Ok(count),
        _ => Err(wrong(
            "WORKER_CONCURRENCY",
            format!("is not a number from 1 to {MAX_CONCURRENCY}"),
        )),
    }
}

/// Each has a message that is renewed twice a minute and a record that is written every five seconds:
/// with more, that alone is more than a queue or a store takes.
const MAX_WAITING: usize = 10_000;

fn worker_waiting(text: &str) -> Result<usize, ConfigError> {
    match text.trim().parse() {
        Ok(count) if (1..=MAX_WAITING).contains(&count) => Ok(count),
        _ => Err(wrong(
            "WORKER_WAITING",
            format!("is not a number from 1 to {MAX_WAITING}"),
        )),
    }
}

const NOT_A_COUNT: &str = "is not a whole number of 0 or more";

fn parse<T: std::str::FromStr>(text: &str, setting: &str, reason: &str) -> Result<T, ConfigError> {
    text.trim().parse().map_err(|_| wrong(setting, reason))
}

fn bytes(text: &str, setting: &str) -> Result<usize, ConfigError> {
    match text.trim().parse() {
        Ok(bytes) if bytes > 0 => Ok(bytes),
        _ => Err(wrong(setting, "is not a whole number of 1 or more")),
    }
}

fn retention(text: &str) -> Result<Duration, ConfigError> {
    match humantime::parse_duration(text) {
        Ok(kept) if kept >= Duration::from_secs(1) => Ok(kept),
        // With a number of things 0 says that there is no limit, with a time that there is none left.
        Ok(_) => Err(wrong(
            "RESULT_RETENTION",
            "is less than a second, which would delete results unread; 1000y keeps them for good",
        )),
        Err(_) => Err(wrong(
            "RESULT_RETENTION",
            "is not a duration, such as 7d, 12h or 30m",
        )),
    }
}

/// Keys that can be sent: no header carries a control character.
fn keys(settings: [(&str, Option<String>); 2]) -> Result<Vec<Secret>, ConfigError> {
    let given = settings
        .into_iter()
        .filter_map(|(setting, key)| Some((setting, key?)));
    given
        .map(|(setting, key)| match key.chars().any(char::is_control) {
            true => Err(wrong(
                setting,
                "has a line break or another control character inside",
            )),
            false => Ok(Secret::new(key)),
        })
        .collect()
}

fn storage(args: &Args, account: &AccountArgs<'_>, mode: Mode) -> Result<Storage, ConfigError> {
    match (account.read()?, mode) {
        (Some(account), _) => Ok(Storage::Azure(account)),
        (None, Mode::Standalone(_)) => Ok(Storage::Embedded(PathBuf::from(&args.data_dir))),
        (None, Mode::Hosted(_)) => Err(wrong(
            "AzureWebJobsStorage",
            "is missing: under the Functions host, tasks are kept in Azure Storage or Azurite",
        )),
    }
}

#[cfg(test)]
mod tests;
