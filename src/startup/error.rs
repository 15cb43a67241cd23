//! Why the process cannot start, or had to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::rules::RulesError;
use backends::embedded::OpenError;
use engine::OutlastsHost;
use ports::{QueueName, StorageError};
use work::KindRefused;

/// Why the process cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A kind of work cannot be registered.
    #[error(transparent)]
    Kind(#[from] KindRefused),
    /// An attempt of a kind may last longer than the Functions host lets it.
    #[error("{0}: functionTimeout in host.json is 10 minutes, of which it may wait for some")]
    OutlastsHost(#[from] OutlastsHost),
    /// The file of rules for dead letters cannot be used.
    #[error("DEAD_LETTER_RULES: {0}")]
    Rules(#[from] RulesError),
    /// A setting names a kind that nobody registered.
    #[error("{setting} names {kind:?}, which is no kind of work here: there are {known}")]
    NoSuchKind {
        /// The environment variable.
        setting: &'static str,
        /// What it says.
        kind: String,
        /// The names of the registered kinds.
        known: String,
    },
    /// The queue of clients' own messages is one of tasks.
    #[error("RAW_QUEUE_NAME is {0}, which is a queue of tasks, or of their dead letters")]
    RawQueueOfTasks(QueueName),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The embedded store cannot be opened.
    #[error(transparent)]
    Embedded(#[from] OpenError),
    /// The key that was made at the first start cannot be read, or one cannot be kept.
    #[error("cannot use the key in {}: {reason}", file.display())]
    KeyFile {
        /// Where it is kept.
        file: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// Storage does not answer, or not to us.
    #[error("cannot use storage ({location}): {cause}")]
    Storage {
        /// Where it is, without credentials.
        location: String,
        /// What the service says.
        cause: StorageError,
    },
    /// The loop that feeds the worker, or the one that sweeps, broke off because of a defect.
    #[error("the worker broke off because of a defect")]
    LoopEnded,
    /// A thread of the embedded store broke off: what is asked of it is not answered any more.
    #[error("the embedded store broke off because of a defect; nothing that was accepted is lost")]
    StoreEnded,
    /// A second signal came while the process was stopping.
    #[error("ended at once: told to by a second signal")]
    Hurried,
    /// The server broke off.
    #[error("the server broke off: {0}")]
    Serve(#[from] std::io::Error),
}

impl StartError {
    /// Whether the start was refused because of what was asked for, so that trying again cannot help.
    pub fn is_misuse(&self) -> bool {
        matches!(
            self,
            Self::Kind(_)
                | Self::OutlastsHost(_)
                | Self::Rules(_)
                | Self::NoSuchKind { .. }
                | Self::RawQueueOfTasks(_)
        )
    }
}
