//! What a worker says is to become of a delivered message.

use std::time::Duration;

use ports::QueueName;

/// What is to become of a delivered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task has ended, by this attempt or before it: delete the message.
    Done,
    /// Another attempt is to follow: send this message after a while, then delete the one at hand.
    Again {
        /// The message to send; `None` when it was sent with the record.
        message: Option<String>,
        /// Where that goes; `None`: to the queue of the one at hand.
        queue: Option<QueueName>,
        /// How long to keep it hidden.
        after: Duration,
        /// For the log.
        reason: String,
    },
    /// Another attempt is to follow, and the message that was to bring it could not be sent: the one at
    /// hand comes back.
    Released {
        /// For the log.
        reason: String,
    },
    /// All attempts are used up, and the task has failed: the message becomes a dead letter.
    Spent {
        /// For the log.
        reason: String,
    },
    /// Nobody can work on the message: it becomes a dead letter.
    Poison {
        /// For the log.
        reason: String,
    },
}

impl Outcome {
    /// True for a message that was given back, for whoever can begin it at once.
    pub(crate) fn is_for_others(&self) -> bool {
        matches!(self, Self::Again { after, .. } if after.is_zero())
    }
}
