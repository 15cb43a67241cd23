//! The settings of the routes that clients of other systems know: which kinds do what comes without the name
//! of one.

use std::time::Duration;

use super::cleaned::cleaned;
use super::error::{ConfigError, wrong};
use crate::surfaces::{PROCESS_DATA, Surfaces};

/// As they are written.
#[derive(Clone, clap::Args)]
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the text of --help, which is not Markdown"
)]
pub struct SurfaceArgs {
    /// Kind of the tasks that POST /api/enqueue makes of JSON objects
    #[arg(
        long,
        env = "ENQUEUE_KIND",
        default_value = PROCESS_DATA,
        hide_env_values = true
    )]
    pub enqueue_kind: String,

    /// Kind of the tasks that POST /api/enqueue makes of text and of any other content; without it they are refused
    #[arg(long, env = "ENQUEUE_TEXT_KIND", hide_env_values = true)]
    pub enqueue_text_kind: Option<String>,

    /// Kind of the tasks that POST /api/asyncprocessingworkacceptor makes
    #[arg(
        long,
        env = "ACCEPTOR_KIND",
        default_value = PROCESS_DATA,
        hide_env_values = true
    )]
    pub acceptor_kind: String,

    /// How long a task of the kind process-data waits, up to 5m
    #[arg(
        long,
        env = "PROCESS_DATA_PAUSE",
        default_value = "2s",
        hide_env_values = true
    )]
    pub process_data_pause: String,

    /// What GET /api/status/{task_id} answers for a task that nobody knows: not-found (404), or pending (200)
    #[arg(
        long,
        env = "STATUS_OF_UNKNOWN",
        default_value = "not-found",
        hide_env_values = true
    )]
    pub status_of_unknown: String,
}

impl SurfaceArgs {
    /// Without space around them, and with the default for what is empty.
    pub(super) fn cleaned(self, defaults: Self) -> Self {
        let or = |value: String, default| match cleaned(&value) {
            "" => default,
            value => value.to_owned(),
        };
        Self {
            enqueue_kind: or(self.enqueue_kind, defaults.enqueue_kind),
            enqueue_text_kind: self
                .enqueue_text_kind
                .map(|value| cleaned(&value).to_owned())
                .filter(|value| !value.is_empty()),
            acceptor_kind: or(self.acceptor_kind, defaults.acceptor_kind),
            process_data_pause: or(self.process_data_pause, defaults.process_data_pause),
            status_of_unknown: or(self.status_of_unknown, defaults.status_of_unknown),
        }
    }
}

/// An attempt may last seven minutes, of which storage needs some.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

impl TryFrom<SurfaceArgs> for Surfaces {
    type Error = ConfigError;

    fn try_from(args: SurfaceArgs) -> Result<Self, ConfigError> {
        let pause = humantime::parse_duration(&args.process_data_pause)
            .ok()
            .filter(|pause| *pause <= LONGEST_PAUSE)
            .ok_or_else(|| {
                wrong(
                    "PROCESS_DATA_PAUSE",
                    "is not a duration of up to 5m, such as 2s",
                )
            })?;
        let unknown_is_pending = match args.status_of_unknown.to_ascii_lowercase().as_str() {
            "not-found" => false,
            "pending" => true,
            _ => {
                let reason = "is neither not-found nor pending";
                return Err(wrong("STATUS_OF_UNKNOWN", reason));
            }
        };
        Ok(Self {
            enqueue_kind: args.enqueue_kind,
            enqueue_text_kind: args.enqueue_text_kind,
            acceptor_kind: args.acceptor_kind,
            process_data_pause: pause,
            unknown_is_pending,
        })
    }
}
