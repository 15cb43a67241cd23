//! The settings as they are written: flags and environment variables.

use clap::{CommandFactory, Parser};

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

    /// Key of the routes that are not for everybody (header x-functions-key or query code); without it they answer in standalone mode to this machine only
    #[arg(long, env = "API_KEY", hide_env_values = true)]
    pub api_key: Option<String>,

    /// Base of the links in replies, such as https://tasks.example.com; without it the base the client used
    #[arg(long, env = "PUBLIC_BASE_URL", hide_env_values = true)]
    pub public_base_url: Option<String>,

    /// Origins whose pages may call the service from a browser, such as https://app.example.com, separated by commas, or * for all; in standalone mode only
    #[arg(long, env = "CORS_ALLOWED_ORIGINS", hide_env_values = true)]
    pub cors_allowed_origins: Option<String>,

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
        default_value = "2097152",
        hide_env_values = true
    )]
    pub max_body_bytes: String,

    /// Refuse new tasks with 429 while this many messages wait; 0 never does
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
    /// An empty value is how deployment tools leave a setting out. Not so the connection string:
    /// an empty one would silently mean another store.
    pub(super) fn without_empty(mut self) -> Self {
        for setting in [
            &mut self.account_name,
            &mut self.blob_service_uri,
            &mut self.queue_service_uri,
            &mut self.credential,
            &mut self.client_id,
            &mut self.api_key,
            &mut self.public_base_url,
            &mut self.cors_allowed_origins,
            &mut self.worker_concurrency,
            &mut self.functions_port,
        ] {
            setting.take_if(|value| value.trim().is_empty());
        }
        self
    }
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
