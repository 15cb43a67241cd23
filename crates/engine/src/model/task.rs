//! The task: its status, and the record that is the truth about it. How a record looks in storage is
//! in `stored`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::count::Count;
use crate::model::extensible::Others;
use crate::model::id::TaskId;
use crate::model::instance::Instance;
use crate::model::labels::Labels;
use ports::Timestamp;

/// Where a task stands. The last three are terminal: written once, never overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Accepted; no attempt has lasted long enough to show.
    Queued,
    /// An attempt is under way.
    Running,
    /// Done, with a result.
    Succeeded,
    /// Done, with an error.
    Failed,
    /// Ended by its client.
    Canceled,
}

impl TaskStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
    ];

    /// True when nothing can change the task any more.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Succeeded | Self::Failed | Self::Canceled => true,
        }
    }

    /// The spelling that clients see: that of Azure's guidelines for long-running operations.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Queued => "NotStarted",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
        }
    }

    /// The spelling in records, in blob metadata and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the spelling of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// Why a task failed, as its client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    /// Stable, for programs: `PascalCase`.
    pub code: String,
    /// A sentence for people; safe to show.
    pub message: String,
}

/// What a status brings with it.
#[derive(Clone, Debug)]
pub enum TaskState {
    /// Accepted, or to be attempted again.
    Queued {
        /// When the next attempt may begin; `None`: at once.
        due_at: Option<Timestamp>,
        /// Why the attempt before failed, if there was one and it did.
        last_error: Option<Box<TaskError>>,
    },
    /// An attempt is under way.
    Running {
        /// How far it has come, 0 to 100, if the kind says.
        percent: Option<u8>,
        /// Who goes on with it, if it is nobody here.
        handed_over: Option<HandedOver>,
    },
    /// Done.
    Succeeded {
        /// What the work produced, as JSON text.
        result: Box<RawValue>,
    },
    /// Given up.
    Failed {
        /// Why.
        error: TaskError,
    },
    /// Ended by its client.
    Canceled,
}

/// An attempt whose end somebody else reports. Nobody here waits for it: a message does, which is hidden
/// until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// Which attempt it is.
    pub attempt: u32,
    /// Attempts that count by now, this one included.
    pub spent: u32,
    /// When it has failed, if nobody has reported its end.
    #[serde(with = "ports::timestamp")]
    pub until: Timestamp,
}

impl HandedOver {
    /// What was counted when it was handed over, this attempt included.
    pub(crate) fn count(self) -> Count {
        Count {
            spent: self.spent,
            ..Count::new_round(self.attempt)
        }
    }
}

impl TaskState {
    /// To be attempted at once, and not because an attempt has failed.
    pub fn queued() -> Self {
        Self::Queued {
            due_at: None,
            last_error: None,
        }
    }

    /// Why the last attempt failed, if that is known of a task that waits for another.
    pub(crate) fn take_last_error(&mut self) -> Option<Box<TaskError>> {
        match self {
            Self::Queued { last_error, .. } => last_error.take(),
            _ => None,
        }
    }
}

/// The durable document about a task: the source of truth for its status.
#[derive(Clone, Debug)]
pub struct TaskRecord {
    /// The task.
    pub id: TaskId,
    /// Which work it is.
    pub kind: String,
    /// What the client sent, until the work succeeds.
    pub input: Option<Box<RawValue>>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When this record last changed.
    pub updated_at: Timestamp,
    /// How many attempts have begun; the dequeue count of the last delivery.
    pub attempts: u32,
    /// The round that it is in: one more with each retry, and with each begin anew of an instance. A message of a
    /// round before is for nothing.
    pub retries: u32,
    /// The client's trace (W3C Trace Context), if it sent one.
    pub traceparent: Option<String>,
    /// What its client calls it.
    pub labels: Labels,
    /// Where its end is told, if its client said so.
    pub callback_url: Option<Box<str>>,
    /// What it is as the instance of a workflow, if it is one.
    pub instance: Option<Box<Instance>>,
    /// Its status and what belongs to it.
    pub state: TaskState,
    /// What a newer version keeps here: it stays as it is.
    pub others: Others<'static>,
}

impl TaskRecord {
    /// A record as it is when a task has just been accepted. The id tells when it was submitted, if it
    /// tells a time at all: a worker that has only the message comes to the same.
    pub fn queued(id: TaskId, kind: String, input: Box<RawValue>, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            input: Some(input),
            created_at: id.created_at().unwrap_or(now),
            updated_at: now,
            attempts: 0,
            retries: 0,
            traceparent: None,
            labels: Labels::default(),
            callback_url: None,
            instance: None,
            state: TaskState::queued(),
            others: Others::default(),
        }
    }

    /// The trace id in the traceparent; empty without one.
    pub fn trace_id(&self) -> &str {
        self.traceparent
            .as_deref()
            .and_then(|parent| parent.split('-').nth(1))
            .unwrap_or_default()
    }

    /// The status alone.
    pub fn status(&self) -> TaskStatus {
        match self.state {
            TaskState::Queued { .. } => TaskStatus::Queued,
            TaskState::Running { .. } => TaskStatus::Running,
            TaskState::Succeeded { .. } => TaskStatus::Succeeded,
            TaskState::Failed { .. } => TaskStatus::Failed,
            TaskState::Canceled => TaskStatus::Canceled,
        }
    }

    /// When its next attempt may begin, if it waits for a time.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            TaskState::Queued { due_at, .. } => due_at,
            _ => None,
        }
    }

    /// When its first attempt may begin, if it waits for a time.
    pub fn start_after(&self) -> Option<Timestamp> {
        self.due_at().filter(|_| self.attempts == 0)
    }

    /// How often its work was retried after it had failed. An instance that begins anew, or continues as new, has
    /// other work.
    pub fn retried(&self) -> u32 {
        let first_round = self
            .instance
            .as_ref()
            .map_or(0, |instance| instance.first_round);
        self.retries.saturating_sub(first_round)
    }

    fn input_text(&self) -> Option<&str> {
        self.input.as_deref().map(RawValue::get)
    }

    /// Who goes on with its attempt, if it is nobody here.
    pub fn handed_over(&self) -> Option<HandedOver> {
        match self.state {
            TaskState::Running { handed_over, .. } => handed_over,
            _ => None,
        }
    }

    /// Whether another record asks for the same: the same kind, and the input to the letter.
    pub fn is_same_work(&self, other: &Self) -> bool {
        self.kind == other.kind && self.input_text() == other.input_text()
    }
}
