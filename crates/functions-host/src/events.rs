//! What the host did, as tests see it: invocations, the worker process, poisoned messages.

use uuid::Uuid;

/// One thing that happened, in the order it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The process was started.
    WorkerStarted {
        /// Its process id. `None` where the handler listens already.
        process: Option<u32>,
    },
    /// The handler answered the readiness check.
    WorkerReady,
    /// The process ended by itself.
    WorkerExited {
        /// What it ended with. `None` if a signal ended it.
        code: Option<i32>,
    },
    /// The host killed the process, because an invocation or the start took too long.
    WorkerKilled,
    /// An invocation is on its way to the handler.
    InvocationStarted(Invocation),
    /// An invocation is over.
    InvocationFinished(Finished),
    /// A message was copied to the poison queue and deleted.
    Poisoned {
        /// The name of the poison queue.
        queue: String,
        /// The message as it is on the wire.
        text: String,
    },
    /// The host is down.
    HostStopped {
        /// Why, as its log would say.
        reason: String,
    },
}

/// Which call of which function.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The function's folder name.
    pub function: String,
    /// The value of `X-Azure-Functions-InvocationId`.
    pub id: String,
    /// Queue functions only: which delivery of the message this is, from 1.
    pub dequeue_count: Option<u32>,
}

impl Invocation {
    /// A new invocation, with an id of its own.
    pub(super) fn new(function: &str, dequeue_count: Option<u32>) -> Self {
        Self {
            function: function.to_owned(),
            id: Uuid::now_v7().to_string(),
            dequeue_count,
        }
    }
}

/// An invocation with its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Which one.
    pub invocation: Invocation,
    /// The handler's status, `None` if the invocation ended without an answer that counts.
    pub status: Option<u16>,
    /// How the host judged it.
    pub outcome: Outcome,
}

/// How the host judged an invocation. A forwarded request succeeds whatever its status.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The handler acknowledged it, or answered a forwarded request.
    Succeeded,
    /// It came to nothing, for this reason.
    Failed(String),
}

impl Outcome {
    /// Whether it is [`Succeeded`](Self::Succeeded).
    pub fn succeeded(&self) -> bool {
        *self == Self::Succeeded
    }
}

/// One line of the host's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// What the host makes of it.
    pub level: Level,
    /// Who wrote it.
    pub source: Source,
    /// The line, without its end.
    pub text: String,
}

/// The level the host gives a line (protocol: Output becomes logs).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// All that the handler writes to its standard output.
    Information,
    /// A line of its standard error that holds the word `warn`.
    Warning,
    /// Any other of its standard error, and what fails in the host.
    Error,
}

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The handler's standard output.
    Stdout,
    /// The handler's standard error.
    Stderr,
    /// `Logs` of an invocation's answer.
    Invocation,
    /// The host itself.
    Host,
}
