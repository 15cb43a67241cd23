//! The process's settings: the only reader of the environment.
//!
//! Every setting has an environment variable and a flag; [`Args`] lists them, [`Config`] is what
//! they mean. Nothing falls back silently: a setting that is there and wrong stops the start with
//! one sentence that names it.

mod account;
mod args;
mod connection_string;
mod patience;
mod secret;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use account::{Account, Credential};
pub use args::{Args, Setting, settings};
pub use patience::Patience;
pub use secret::Secret;

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
    pub queue: String,
    /// The key of the routes that list, manage or measure.
    pub api_key: Option<Secret>,
    /// The base of the links in replies, if it is not the one the client used.
    pub public_base_url: Option<String>,
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
    /// What is logged, in the syntax of `env_logger`.
    pub log_filter: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// What bodies of requests and replies may hold of memory, in bytes.
    pub memory_budget: usize,
    /// How long clients may take.
    pub patience: Patience,
}

/// What bodies may hold: 128 results of 2 MiB on their way to clients, in a process that still fits
/// into a small container.
pub const MEMORY_BUDGET: usize = 256 * 1024 * 1024;

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object in a line.
    Json,
}

/// Who listens to the outside, and who feeds the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The Functions host does both, and calls us on this loopback address.
    Hosted(SocketAddr),
    /// We do, on this address.
    Standalone(SocketAddr),
}

impl Mode {
    /// `hosted` or `standalone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hosted(_) => "hosted",
            Self::Standalone(_) => "standalone",
        }
    }

    /// Where to listen.
    pub fn address(self) -> SocketAddr {
        match self {
            Self::Hosted(address) | Self::Standalone(address) => address,
        }
    }
}

/// Where records and messages are kept.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In a SQLite file in this folder.
    Embedded(PathBuf),
    /// In an Azure Storage account, or in Azurite.
    Azure(Account),
}

impl Storage {
    /// `embedded` or `azure`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Azure(_) => "azure",
        }
    }
}

/// A setting that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {reason}")]
pub struct ConfigError {
    /// The environment variable.
    pub setting: &'static str,
    /// What is wrong with it; no secret in it.
    pub reason: String,
}

fn wrong(setting: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError {
        setting,
        reason: reason.into(),
    }
}

impl TryFrom<Args> for Config {
    type Error = ConfigError;

    fn try_from(args: Args) -> Result<Self, ConfigError> {
        let args = args.without_empty();
        let mode = match &args.functions_port {
            Some(port) => Mode::Hosted(SocketAddr::from((
                // The host calls 127.0.0.1, literally; and nobody else may reach the trigger routes.
                Ipv4Addr::LOCALHOST,
                parse(port, "FUNCTIONS_CUSTOMHANDLER_PORT", "is not a port number")?,
            ))),
            None => Mode::Standalone(parse(
                &args.bind_address,
                "BIND_ADDRESS",
                "is not an address and a port, such as 127.0.0.1:7071",
            )?),
        };
        let storage = storage(&args, mode)?;
        let queue = storage_name(args.queue_name, "queue_name", 63 - "-poison".len())?;
        let container = storage_name(args.container, "BLOB_CONTAINER_NAME", 63)?;
        let max_queue_length = parse(&args.max_queue_length, "MAX_QUEUE_LENGTH", NOT_A_COUNT)?;
        Ok(Self {
            mode,
            storage,
            container,
            queue,
            api_key: args.api_key.map(Secret::new),
            public_base_url: args.public_base_url.map(|url| base_url(&url)).transpose()?,
            max_number: parse(&args.max_number, "MAX_NUMBER", NOT_A_COUNT)?,
            max_body_bytes: parse(&args.max_body_bytes, "MAX_BODY_BYTES", NOT_A_COUNT)?,
            max_queue_length: Some(max_queue_length).filter(|max| *max > 0),
            retention: humantime::parse_duration(&args.retention).map_err(|_| {
                wrong(
                    "RESULT_RETENTION",
                    "is not a duration, such as 7d, 12h or 30m",
                )
            })?,
            worker_concurrency: match args.worker_concurrency {
                Some(count) => worker_concurrency(&count)?,
                None => std::thread::available_parallelism().map_or(1, usize::from),
            },
            log_filter: log_filter(args.log_filter)?,
            log_format: match args.log_format.as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err(wrong("LOG_FORMAT", "is neither text nor json")),
            },
            memory_budget: MEMORY_BUDGET,
            patience: Patience::default(),
        })
    }
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

const NOT_A_COUNT: &str = "is not a whole number of 0 or more";

fn parse<T: std::str::FromStr>(
    text: &str,
    setting: &'static str,
    reason: &str,
) -> Result<T, ConfigError> {
    text.trim().parse().map_err(|_| wrong(setting, reason))
}

/// A connection string wins over the identity settings, as it does in the host.
fn storage(args: &Args, mode: Mode) -> Result<Storage, ConfigError> {
    if let Some(text) = &args.connection_string {
        return Account::from_connection_string(text)
            .map(Storage::Azure)
            .map_err(|reason| wrong("AzureWebJobsStorage", reason));
    }
    let identity = [
        ("AzureWebJobsStorage__accountName", &args.account_name),
        (
            "AzureWebJobsStorage__blobServiceUri",
            &args.blob_service_uri,
        ),
        (
            "AzureWebJobsStorage__queueServiceUri",
            &args.queue_service_uri,
        ),
        ("AzureWebJobsStorage__credential", &args.credential),
        ("AzureWebJobsStorage__clientId", &args.client_id),
    ];
    if let Some((setting, _)) = identity.iter().find(|(_, value)| value.is_some()) {
        if args
            .credential
            .as_deref()
            .is_some_and(|kind| kind != "managedidentity")
        {
            return Err(wrong(
                "AzureWebJobsStorage__credential",
                "can only be managedidentity",
            ));
        }
        return Account::from_identity(
            args.account_name.as_deref(),
            args.blob_service_uri.as_deref(),
            args.queue_service_uri.as_deref(),
            args.client_id.clone(),
        )
        .map(Storage::Azure)
        .map_err(|reason| wrong(setting, reason));
    }
    match mode {
        Mode::Standalone(_) if args.data_dir.is_empty() => Err(wrong("DATA_DIR", "is empty")),
        Mode::Standalone(_) => Ok(Storage::Embedded(PathBuf::from(&args.data_dir))),
        Mode::Hosted(_) => Err(wrong(
            "AzureWebJobsStorage",
            "is missing: under the Functions host, tasks are kept in Azure Storage or Azurite",
        )),
    }
}

/// The service's rule for names of queues and containers.
fn storage_name(
    name: String,
    setting: &'static str,
    longest: usize,
) -> Result<String, ConfigError> {
    let well_formed = (3..=longest).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    if well_formed {
        return Ok(name);
    }
    Err(wrong(
        setting,
        format!(
            "is not a name of 3 to {longest} lower-case letters, digits and single hyphens, \
             which begins and ends with a letter or digit"
        ),
    ))
}

fn log_filter(text: String) -> Result<String, ConfigError> {
    match env_filter::Builder::new().try_parse(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(wrong(
            "RUST_LOG",
            "is not a log filter, such as info or warn,mio=debug",
        )),
    }
}

fn base_url(text: &str) -> Result<String, ConfigError> {
    let base = text.trim_end_matches('/');
    let rest = base
        .strip_prefix("https://")
        .or_else(|| base.strip_prefix("http://"));
    let well_formed = rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#<>\"".contains(&byte))
    });
    if well_formed {
        Ok(base.to_owned())
    } else {
        Err(wrong(
            "PUBLIC_BASE_URL",
            "is not a URL, such as https://tasks.example.com",
        ))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use proptest::prelude::*;

    use super::*;
    use crate::corpus;

    fn config(flags: &[&str]) -> Result<Config, ConfigError> {
        Args::try_parse_from([&["handler"], flags].concat())
            .unwrap()
            .try_into()
    }

    fn refusal(flags: &[&str]) -> String {
        config(flags).unwrap_err().to_string()
    }

    #[test]
    fn without_settings_it_is_standalone_on_the_embedded_store() {
        let config = config(&[]).unwrap();
        assert_eq!(config.mode, Mode::Standalone(([127, 0, 0, 1], 7071).into()));
        assert!(matches!(config.storage, Storage::Embedded(folder) if folder.ends_with("data")));
        assert_eq!(config.container, "hello-container");
        assert_eq!(config.queue, "background-tasks");
        assert_eq!(config.max_number, 10_000_000);
        assert_eq!(config.retention, Duration::from_secs(7 * 24 * 60 * 60));
        assert!(config.worker_concurrency > 0);
    }

    #[test]
    fn the_port_of_the_functions_host_makes_it_hosted_on_loopback() {
        let flags = ["--functions-port", "41234", "--bind-address", "0.0.0.0:1"];
        let storage = ["--connection-string", "UseDevelopmentStorage=true"];
        let config = config(&[&flags[..], &storage].concat()).unwrap();
        assert_eq!(config.mode, Mode::Hosted(([127, 0, 0, 1], 41234).into()));
        assert!(refusal(&flags).starts_with("AzureWebJobsStorage is missing"));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (flag, value, setting) in [
            ("--bind-address", "7071", "BIND_ADDRESS"),
            ("--functions-port", "70000", "FUNCTIONS_CUSTOMHANDLER_PORT"),
            ("--connection-string", "", "AzureWebJobsStorage"),
            ("--connection-string", "secret", "AzureWebJobsStorage"),
            ("--credential", "secret", "AzureWebJobsStorage__credential"),
            ("--blob-service-uri", "https://a", "AzureWebJobsStorage__"),
            ("--client-id", "x", "AzureWebJobsStorage__clientId"),
            ("--data-dir", "", "DATA_DIR"),
            ("--queue-name", "Tasks", "queue_name"),
            ("--queue-name", &"q".repeat(57), "queue_name"),
            ("--container", "a--b", "BLOB_CONTAINER_NAME"),
            ("--public-base-url", "tasks.example", "PUBLIC_BASE_URL"),
            ("--max-number", "-1", "MAX_NUMBER"),
            ("--max-body-bytes", "1M", "MAX_BODY_BYTES"),
            ("--max-queue-length", "many", "MAX_QUEUE_LENGTH"),
            ("--retention", "soon", "RESULT_RETENTION"),
            ("--worker-concurrency", "0", "WORKER_CONCURRENCY"),
            ("--log-filter", "loud=very", "RUST_LOG"),
            ("--log-format", "xml", "LOG_FORMAT"),
        ] {
            let refusal = refusal(&[&format!("{flag}={value}")]);
            assert!(refusal.starts_with(setting), "{flag} {value}: {refusal}");
            assert!(!refusal.contains("secret"), "{refusal}");
            assert!(!refusal.contains('\n'), "{refusal}");
        }
    }

    #[test]
    fn identity_settings_name_an_account() {
        let config = config(&["--account-name", "acct", "--credential", "managedidentity"]);
        assert!(matches!(
            config.unwrap().storage,
            Storage::Azure(Account {
                credential: Credential::ManagedIdentity { .. },
                ..
            })
        ));
    }

    #[test]
    fn a_base_url_loses_its_trailing_slash() {
        let config = config(&["--public-base-url", "https://a.example/x/"]).unwrap();
        assert_eq!(
            config.public_base_url.as_deref(),
            Some("https://a.example/x")
        );
    }

    /// Every setting, with any value: a `Config` or a refusal that names the setting.
    fn assert_refused_by_name(text: &str) {
        // clap takes no NUL, and neither does an environment.
        if text.contains('\0') || text.len() > 100_000 {
            return;
        }
        for setting in settings() {
            let flag = format!("--{}={text}", setting.flag);
            if let Err(error) = config(&[&flag]) {
                let error = error.to_string();
                assert!(
                    error.starts_with("AzureWebJobsStorage")
                        || error.starts_with(&setting.variable),
                    "{error}"
                );
                assert!(error.len() < 200 && !error.contains("s3cret"), "{error}");
            }
        }
    }

    #[test]
    fn hostile_settings_are_refused_by_name_or_taken() {
        corpus::each_text(assert_refused_by_name);
    }

    #[test]
    fn more_attempts_than_threads_are_refused() {
        for count in ["513", "18446744073709551615", "0"] {
            let refusal = refusal(&["--worker-concurrency", count]);
            assert_eq!(refusal, "WORKER_CONCURRENCY is not a number from 1 to 512");
        }
        assert_eq!(
            config(&["--worker-concurrency", "512"])
                .unwrap()
                .worker_concurrency,
            512
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_setting_is_refused_by_name_or_taken(text in corpus::any_text()) {
            assert_refused_by_name(&text);
        }

        #[test]
        fn a_base_url_that_is_taken_can_stand_in_a_header(text in "https?://.*|\\PC*") {
            if let Ok(base) = base_url(&text) {
                prop_assert!(base.bytes().all(|b| b.is_ascii_graphic() && b != b'"'), "{base}");
                prop_assert!(!base.ends_with('/'));
            }
        }
    }
}
