//! One delivery at a time, by a clock that stands still: what becomes of a task and of its message.
//!
//! Over the embedded store, without HTTP and without a loop.

mod bench;
mod callbacks;
mod canceling;
mod concurrent;
mod counting;
mod dating;
mod early;
mod early_start;
mod failing;
mod forged;
mod handing_in;
mod idempotency;
mod lasting;
mod limiting;
mod listing;
mod listing_calls;
mod logged;
mod looping;
mod measuring;
mod messages;
mod model;
mod newer;
mod operating;
mod own_queue;
mod own_queue_lost;
mod poisoned;
mod policies;
mod preconditions;
mod pruning;
mod renewing;
mod rescuing;
mod rescuing_at_once;
mod rescuing_held;
mod resting;
mod retrying;
mod sharing;
mod submitting;
mod succeeding;
mod sweeping;
mod tracing;
mod unanswered;
mod unasked;
mod waiting;
mod waiting_elsewhere;
