//! The one law for everything that is written: steps in their order, and after one that does not hold,
//! none. A store that can does all of them or none; for the others there is
//! [`one_by_one`](crate::one_by_one).
//!
//! So a record comes first and its message second, wherever both are not one: a record without a message
//! can be found and repaired, a message without a record would be work nobody may read.

use std::time::Duration;

use crate::{Document, ETag, QueueName, Receipt, Settle, StorageError};

/// One change.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    /// A new record; holds unless the name is taken.
    Create {
        /// Its name.
        name: &'a str,
        /// What it says.
        document: &'a Document,
    },
    /// Another text of a record; holds if the record still has this ETag.
    Replace {
        /// Its name.
        name: &'a str,
        /// What it says from now on.
        document: &'a Document,
        /// The version that is written over.
        etag: &'a ETag,
    },
    /// A record as it is to be, whether its name is taken or not; always holds. For a note whose name says all
    /// that would make two of them differ.
    Put {
        /// Its name.
        name: &'a str,
        /// What it says.
        document: &'a Document,
    },
    /// The end of a record; holds if it is there, and still has the ETag, if one is given.
    Delete {
        /// Its name.
        name: &'a str,
        /// The version that is deleted; `None`: any.
        etag: Option<&'a ETag>,
    },
    /// A message; always holds.
    Send {
        /// Where to.
        queue: &'a QueueName,
        /// What it says.
        text: Text<'a>,
        /// How long it is hidden, see [`Queue::send`](crate::Queue::send).
        delay: Duration,
        /// Whether the sender holds it meanwhile, as if it had received it: [`Written`] has the receipt
        /// then. A queue that nobody else takes from need not do that, and shows it at once.
        held: bool,
    },
    /// The end of a delivery. Always holds: a stale receipt means that somebody else has the message,
    /// which is no reason to lose what was computed.
    Settle {
        /// Whose.
        receipt: &'a Receipt,
        /// What becomes of it.
        how: Settle<'a>,
    },
}

/// What a message says.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// This.
    Fixed(&'a str),
    /// What this makes of the version of the record that was written before it.
    Of(Tell<'a>),
}

/// Makes the text of a message from the version that the last record of the same write got; `None` when
/// there was none before.
pub type Tell<'a> = &'a (dyn Fn(Option<&ETag>) -> String + Sync);

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// All steps are done.
    Done {
        /// The version of the record that was written last, if one was.
        etag: Option<ETag>,
        /// `false` when a receipt was stale.
        settled: bool,
        /// For the message that was sent last, if it is held. The queue has not handed it out yet: its
        /// dequeue count is 0, and that of who receives it later begins with 1.
        held: Option<Box<Receipt>>,
    },
    /// This step (from 0) did not hold, so that neither it nor any after it is done. Of those before,
    /// none is, or each, as the store can do.
    Not {
        /// Which.
        step: usize,
    },
    /// Only so many steps are known to be done: the next one failed. Where that is one of several messages in a
    /// row, some of those behind it may be sent. A store that does all or none never says so.
    Partly {
        /// How many; at least one.
        steps: usize,
        /// The version of the record that was written last, if one was.
        etag: Option<ETag>,
        /// Why the next one failed.
        cause: StorageError,
    },
}

impl Written {
    /// The version that was written, if every step is done.
    pub fn into_etag(self) -> Option<ETag> {
        match self {
            Self::Done { etag, .. } => etag,
            Self::Not { .. } | Self::Partly { .. } => None,
        }
    }
}
