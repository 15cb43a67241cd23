//! The messages of workflows, which are worked on elsewhere: what they need of a delivery.

use std::time::Duration;

use crate::local::slots::Hand;
use crate::model::message::TaskMessage;
use crate::records::RecordError;
use crate::worker::hold::Hold;
use crate::worker::outcome::Outcome;
use ports::Delivery;
use work::BoxFuture;

/// A delivery of an instance's message.
pub(crate) struct Given<'a> {
    /// What it says.
    pub(crate) message: TaskMessage<'static>,
    /// As it was delivered.
    pub(crate) delivery: &'a Delivery,
    /// What we hold of it.
    pub(crate) hold: &'a Hold,
    /// How long a step may wait for a slot.
    pub(crate) patience: Duration,
    /// Its place among those in hand.
    pub(crate) hand: Hand<Box<dyn Send + 'a>>,
}

/// Works on the messages of instances.
pub(crate) trait Turns: Send + Sync {
    /// Takes the turn that a message asks for, and says what is to become of the message.
    fn turn<'a>(&'a self, given: Given<'a>) -> BoxFuture<'a, Outcome>;

    /// Sees to what follows from a message that was given up.
    ///
    /// # Errors
    ///
    /// Nothing has followed, or nobody knows.
    fn bury<'a>(&'a self, message: TaskMessage<'static>) -> BoxFuture<'a, Result<(), RecordError>>;
}
