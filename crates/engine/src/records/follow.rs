//! What is to follow a record that is written, and what became of that.

use std::time::Duration;

use crate::model::task::TaskRecord;
use ports::crash::CrashPoint;
use ports::{Delivery, ETag, QueueName, Receipt, Settle, Step, StorageError, Text};

/// How a conditional write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The record is as we wrote it.
    Written,
    /// Somebody else ended the task first, or its record is gone: ours counts for nothing.
    Lost,
    /// The record in the store asks for other work than ours does, which is from a message: the
    /// record is the truth, and stays. Its version is known now.
    OtherWork,
}

/// What is written with a record, and after it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Then<'a> {
    /// A message.
    pub(crate) send: Option<NextMessage<'a>>,
    /// Others, as they are.
    pub(crate) more: &'a [Outgoing],
    /// The end of the message at hand.
    pub(crate) settle: Option<(&'a Receipt, Settle<'a>)>,
}

/// A message that tells of a record.
#[derive(Clone, Copy)]
pub(crate) struct NextMessage<'a> {
    pub(crate) queue: &'a QueueName,
    /// Makes its text of the record, the version in which that is written, and how many attempts have begun
    /// when somebody receives it.
    pub(crate) tell: &'a (dyn Fn(&TaskRecord, Option<&ETag>, u32) -> String + Sync),
    pub(crate) delay: Duration,
    /// If this process holds it meanwhile, to begin an attempt itself: how many attempts that is by the time
    /// somebody else receives it.
    pub(crate) held: Option<u32>,
    /// Where a test lets the process die before it is sent.
    pub(crate) unsent: Option<CrashPoint>,
}

/// A message to send, as it is.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) queue: QueueName,
    pub(crate) text: String,
    pub(crate) delay: Duration,
}

impl Outgoing {
    pub(crate) fn step(&self) -> Step<'_> {
        Step::Send {
            queue: &self.queue,
            text: Text::Fixed(&self.text),
            delay: self.delay,
            held: false,
        }
    }
}

/// How a conditional write with something after it ended.
#[derive(Debug)]
pub(crate) enum Committed {
    /// The record is as we wrote it.
    Written(Followed),
    /// As [`Commit::Lost`], and nothing followed.
    Lost,
    /// As [`Commit::OtherWork`], and nothing followed.
    OtherWork,
}

/// What became of what was to follow a record that is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Followed {
    /// It is done.
    All {
        /// `false` when the receipt was stale.
        settled: bool,
        /// The message that was sent, if this process holds it.
        held: Option<Box<Delivery>>,
    },
    /// The message was not sent, and the one at hand is not settled.
    Unsent(StorageError),
    /// The message at hand is not settled.
    Unsettled(StorageError),
}
