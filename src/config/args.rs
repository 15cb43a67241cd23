//! The settings as they are written: flags and environment variables.

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::{Command, CommandFactory, FromArgMatches, Parser};

use super::cleaned::cleaned;
use super::files::FileArgs;
use super::surfaces::SurfaceArgs;

/// Hands slow work to Azure and gets the answer back.
///
/// Without settings: standalone, on 127.0.0.1:7071, tasks in ./data. Under the Azure Functions
/// host, or with AzureWebJobsStorage, in Azure Storage or Azurite. Every flag has an environment
/// variable, given in brackets; the flag wins.
// No `Debug`: some settings are secrets.
#[derive(Clone, Parser)]
#[expect(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the text of --help, which is not Markdown"
)]
#[command(name = "handler", version)]
pub struct Args {
    /// Connection string of the storage account (account key, SAS, or UseDevelopmentStorage=true for Azurite); without it standalone mode uses the embedded store
    #[arg(long, env = "AzureWebJobsStorage", hide_env_values = true)]
    pub connection_string: Option<String>,

    /// Storage account to use with a managed identity, instead of a connection string
    #[arg(long, env = "AzureWebJobsStorage__accountName", hide_env_values = true)]
    pub account_name: Option<String>,

    /// Blob endpoint to use with a managed identity, together with the queue endpoint
    #[arg(
        long,
        env = "AzureWebJobsStorage__blobServiceUri",
        hide_env_values = true
    )]
    pub blob_service_uri: Option<String>,

    /// Queue endpoint to use with a managed identity, together with the blob endpoint
    #[arg(
        long,
        env = "AzureWebJobsStorage__queueServiceUri",
        hide_env_values = true
    )]
    pub queue_service_uri: Option<String>,

    /// Kind of credential without a connection string: managedidentity, the only one
    #[arg(long, env = "AzureWebJobsStorage__credential", hide_env_values = true)]
    pub credential: Option<String>,

    /// Client id of a user-assigned managed identity; without it the system-assigned one
    #[arg(long, env = "AzureWebJobsStorage__clientId", hide_env_values = true)]
    pub client_id: Option<String>,

    /// Blob container of the task records, created when missing
    #[arg(
        long,
        env = "BLOB_CONTAINER_NAME",
        default_value = "hello-container",
        hide_env_values = true
    )]
    pub container: String,

    /// Queue of the messages, created when missing; its poison queue has -poison behind the name
    #[arg(
        long,
        env = "queue_name",
        default_value = "background-tasks",
        hide_env_values = true
    )]
    pub queue_name: String,

    /// Queue of clients' own messages, behind /api/queue, created when missing; without it there is none
    #[arg(long, env = "RAW_QUEUE_NAME", hide_env_values = true)]
    pub raw_queue_name: Option<String>,

    /// Address to listen on in standalone mode; port 0 takes a free one
    #[arg(
        long,
        env = "BIND_ADDRESS",
        default_value = "127.0.0.1:7071",
        hide_env_values = true
    )]
    pub bind_address: String,

    /// Folder of the embedded store, created when missing
    #[arg(
        long,
        env = "DATA_DIR",
        default_value = "./data",
        hide_env_values = true
    )]
    pub data_dir: String,

    /// Key of the routes that list, retry and measure (header x-functions-key, Authorization: Bearer, or query code); without it standalone mode makes one in DATA_DIR, and with Azure Storage these routes are closed
    #[arg(long, env = "API_KEY", hide_env_values = true)]
    pub api_key: Option<String>,

    /// A second key of the same routes, for the time in which one replaces the other
    #[arg(long, env = "API_KEY_SECONDARY", hide_env_values = true)]
    pub api_key_secondary: Option<String>,

    /// Key of submission in standalone mode, for which API_KEY is good as well; without it everybody may submit
    #[arg(long, env = "SUBMIT_KEY", hide_env_values = true)]
    pub submit_key: Option<String>,

    /// A second key of submission, for the time in which one replaces the other
    #[arg(long, env = "SUBMIT_KEY_SECONDARY", hide_env_values = true)]
    pub submit_key_secondary: Option<String>,

    /// Key that callbacks of tasks are signed with, before API_KEY; under the Functions host there are none without it
    #[arg(long, env = "CALLBACK_SECRET", hide_env_values = true)]
    pub callback_secret: Option<String>,

    /// A second key of callbacks, whose tokens are taken while the first replaces it
    #[arg(long, env = "CALLBACK_SECRET_SECONDARY", hide_env_values = true)]
    pub callback_secret_secondary: Option<String>,

    /// Hosts that clients may have called back when a task has ended, such as hooks.example.com, separated by commas; without it none
    #[arg(long, env = "CALLBACK_URL_HOSTS", hide_env_values = true)]
    pub callback_url_hosts: Option<String>,

    /// What those calls are signed with: whsec_ and the base64 of 24 to 64 bytes (Standard Webhooks)
    #[arg(long, env = "CALLBACK_URL_SECRET", hide_env_values = true)]
    pub callback_url_secret: Option<String>,

    /// Base of the links in replies, such as https://tasks.example.com; without it the base the client used
    #[arg(long, env = "PUBLIC_BASE_URL", hide_env_values = true)]
    pub public_base_url: Option<String>,

    /// Origins whose pages may call the service from a browser, such as https://app.example.com, separated by commas, or * for all; in standalone mode only
    #[arg(long, env = "CORS_ALLOWED_ORIGINS", hide_env_values = true)]
    pub cors_allowed_origins: Option<String>,

    /// true lets the inputs of kinds behind a URL travel to other machines in plain http
    #[arg(
        long,
        env = "KINDS_ALLOW_HTTP",
        default_value = "false",
        hide_env_values = true
    )]
    pub kinds_allow_http: String,

    /// TOML file of kinds of work that are done by commands or behind URLs, such as kinds.toml
    #[arg(long, env = "KINDS_FILE", hide_env_values = true)]
    pub kinds_file: Option<String>,

    /// TOML or JSON file of what is done about dead letters; without it dead-letter-rules.toml or dead-letter-rules.json beside the file of kinds, if one is there
    #[arg(long, env = "DEAD_LETTER_RULES", hide_env_values = true)]
    pub dead_letter_rules: Option<String>,

    #[command(flatten)]
    pub surfaces: SurfaceArgs,

    #[command(flatten)]
    pub files: FileArgs,

    /// Largest Fibonacci index, of either sign
    #[arg(
        long,
        env = "MAX_NUMBER",
        default_value = "10000000",
        hide_env_values = true
    )]
    pub max_number: String,

    /// Largest request body, in bytes
    #[arg(
        long,
        env = "MAX_BODY_BYTES",
        default_value = "8388608",
        hide_env_values = true
    )]
    pub max_body_bytes: String,

    /// Refuse new tasks with 429 while this many messages wait in their queue; 0 never does
    #[arg(
        long,
        env = "MAX_QUEUE_LENGTH",
        default_value = "0",
        hide_env_values = true
    )]
    pub max_queue_length: String,

    /// How long results and failures are kept when nobody fetches them, such as 7d, 12h or 30m
    #[arg(
        long,
        env = "RESULT_RETENTION",
        default_value = "7d",
        hide_env_values = true
    )]
    pub retention: String,

    /// Attempts that compute side by side; without it one for each processor
    #[arg(long, env = "WORKER_CONCURRENCY", hide_env_values = true)]
    pub worker_concurrency: Option<String>,

    /// Attempts that wait side by side for something else than the processors
    // A thousand cost some 10 MB, 33 renewals of messages a second and, when they last, 200 writes of
    // progress: what one queue and one store take beside other work.
    #[arg(
        long,
        env = "WORKER_WAITING",
        default_value = "1000",
        hide_env_values = true
    )]
    pub worker_waiting: String,

    /// Tasks that begin in the process that accepted them, where it has a free slot, and do not wait for a look into the queue: all, waiting (those whose clients wait) or off
    // The embedded store needs none: its loop is told of each message. Under the host, `all` leaves out
    // kinds that usually take longer than what may go on outside of an invocation.
    #[arg(
        long,
        env = "EARLY_START",
        default_value = "all",
        hide_env_values = true
    )]
    pub early_start: String,

    /// Largest result of a task, in bytes; a larger one fails it
    // Whoever writes or reads a result has it in memory as a whole: four of these fit into what bodies
    // may hold.
    #[arg(
        long,
        env = "MAX_RESULT_BYTES",
        default_value = "67108864",
        hide_env_values = true
    )]
    pub max_result_bytes: String,

    /// How long storage may take for one request, from 1s to 100s; what a client asks to wait for a task comes on top
    // Shorter than the 30 s after which many clients and load balancers give up, and long enough for the
    // retries of a call.
    #[arg(
        long,
        env = "REQUEST_BUDGET",
        default_value = "10s",
        hide_env_values = true
    )]
    pub request_budget: String,

    /// How long running work may go on when the process is told to stop, such as 5s or 1m; under the Functions host it is given back at once
    #[arg(
        long,
        env = "SHUTDOWN_GRACE",
        default_value = "5s",
        hide_env_values = true
    )]
    pub shutdown_grace: String,

    /// What is logged: error, warn, info, debug or trace, also per module
    #[arg(long, env = "RUST_LOG", default_value = "info", hide_env_values = true)]
    pub log_filter: String,

    /// How it is logged: text, or json for machines
    #[arg(
        long,
        env = "LOG_FORMAT",
        default_value = "text",
        hide_env_values = true
    )]
    pub log_format: String,

    /// Set by the Azure Functions host, not by you: port on 127.0.0.1 to serve in hosted mode
    #[arg(long, env = "FUNCTIONS_CUSTOMHANDLER_PORT", hide_env_values = true)]
    pub functions_port: Option<String>,
}

impl Args {
    /// Reads a command line, with other flags before it: what comes last wins. A value that is empty
    /// means the setting's absence, and that is its default, if it has one.
    pub(super) fn read(
        before: Vec<String>,
        command_line: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        let mut words = command_line.into_iter();
        let program: Vec<_> = words.next().into_iter().collect();
        let before = before.into_iter().map(OsString::from);
        let defaults = flags().try_get_matches_from(&program)?;
        let given = flags().try_get_matches_from(program.into_iter().chain(before).chain(words))?;
        Ok(Self::from_arg_matches(&given)?.cleaned(Self::from_arg_matches(&defaults)?))
    }

    fn cleaned(mut self, defaults: Self) -> Self {
        self.surfaces = self.surfaces.cleaned(defaults.surfaces);
        self.files = self.files.cleaned(defaults.files);
        for (setting, default) in [
            (&mut self.container, defaults.container),
            (&mut self.queue_name, defaults.queue_name),
            (&mut self.bind_address, defaults.bind_address),
            (&mut self.data_dir, defaults.data_dir),
            (&mut self.max_number, defaults.max_number),
            (&mut self.kinds_allow_http, defaults.kinds_allow_http),
            (&mut self.max_body_bytes, defaults.max_body_bytes),
            (&mut self.max_queue_length, defaults.max_queue_length),
            (&mut self.retention, defaults.retention),
            (&mut self.worker_waiting, defaults.worker_waiting),
            (&mut self.early_start, defaults.early_start),
            (&mut self.max_result_bytes, defaults.max_result_bytes),
            (&mut self.request_budget, defaults.request_budget),
            (&mut self.shutdown_grace, defaults.shutdown_grace),
            (&mut self.log_filter, defaults.log_filter),
            (&mut self.log_format, defaults.log_format),
        ] {
            *setting = match cleaned(setting) {
                "" => default,
                value => value.to_owned(),
            };
        }
        for setting in [
            &mut self.account_name,
            &mut self.blob_service_uri,
            &mut self.queue_service_uri,
            &mut self.credential,
            &mut self.client_id,
            &mut self.api_key,
            &mut self.api_key_secondary,
            &mut self.submit_key,
            &mut self.submit_key_secondary,
            &mut self.callback_secret,
            &mut self.callback_secret_secondary,
            &mut self.callback_url_hosts,
            &mut self.callback_url_secret,
            &mut self.public_base_url,
            &mut self.cors_allowed_origins,
            &mut self.kinds_file,
            &mut self.dead_letter_rules,
            &mut self.raw_queue_name,
            &mut self.worker_concurrency,
            &mut self.functions_port,
        ] {
            *setting = setting
                .take()
                .map(|value| cleaned(&value).to_owned())
                .filter(|value| !value.is_empty());
        }
        // That this one was left empty is worth a word, see `process`.
        if let Some(text) = &mut self.connection_string {
            *text = cleaned(text).to_owned();
        }
        self
    }

    /// The connection string, if it is not empty.
    pub(super) fn connection_string(&self) -> Option<&str> {
        self.connection_string
            .as_deref()
            .filter(|text| !text.is_empty())
    }
}

/// The flags alone. Their help names the variables; clap itself would look for these in one spelling
/// only, and take an empty one for a value.
pub(crate) fn flags() -> Command {
    Args::command()
        .args_override_self(true)
        .mut_args(|argument| match (argument.get_env(), argument.get_help()) {
            (Some(variable), Some(help)) => {
                let help = format!("{help} [env: {}]", variable.to_string_lossy());
                argument.env(Resettable::Reset).help(help)
            }
            _ => argument,
        })
}

/// A setting as the documentation tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable.
    pub variable: String,
    /// The flag, without dashes.
    pub flag: String,
    /// The value without the setting, if there is one.
    pub default: Option<String>,
    /// One sentence, without a full stop.
    pub meaning: String,
}

/// Every setting, in the order of `--help`.
pub fn settings() -> Vec<Setting> {
    Args::command()
        .get_arguments()
        .filter_map(|argument| {
            Some(Setting {
                variable: argument.get_env()?.to_string_lossy().into_owned(),
                flag: argument.get_long()?.to_owned(),
                default: argument
                    .get_default_values()
                    .first()
                    .map(|value| value.to_string_lossy().into_owned()),
                meaning: argument.get_help()?.to_string(),
            })
        })
        .collect()
}
