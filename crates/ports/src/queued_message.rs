//! A message in a queue of whatever kind, as whoever looks at it sees it.

use time::macros::datetime;

use crate::Timestamp;

/// When a message ends that does not end, as Azure Storage tells it.
pub const NEVER: Timestamp = datetime!(9999-12-31 23:59:59.999 UTC);

/// A message, as whoever looks at it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMessage {
    /// The queue's name for it. Opaque.
    pub id: String,
    /// What it says.
    pub text: String,
    /// When it was sent.
    pub inserted_at: Timestamp,
    /// When it is gone, whether anybody has received it or not; [`NEVER`] if that is never.
    pub expires_at: Timestamp,
    /// How often the queue has handed it out.
    pub dequeue_count: u32,
}
