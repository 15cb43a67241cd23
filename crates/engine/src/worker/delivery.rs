//! What a worker is given, and what it says is to become of it.

use std::time::Duration;

use ports::Timestamp;

/// One hand-over of a message.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What was sent.
    pub text: String,
    /// How often the queue has handed it out; 1 the first time.
    pub dequeue_count: u32,
    /// When it was sent, if the trigger knows.
    pub inserted_at: Option<Timestamp>,
}

/// What is to become of a delivered message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task has ended, by this attempt or before it: delete the message.
    Done,
    /// Another attempt is to follow: send this message after a while, then delete the one at hand.
    Again {
        /// The message to send.
        message: String,
        /// How long to keep it hidden.
        after: Duration,
        /// For the log.
        reason: String,
    },
    /// All attempts are used up, and the task has failed: the message belongs into the poison queue.
    Spent {
        /// For the log.
        reason: String,
    },
    /// Nobody can work on the message: it belongs into the poison queue.
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
