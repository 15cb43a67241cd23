//! What this process remembers, and nobody else: it is gone when the process is.

pub(crate) mod at_hand;
pub(crate) mod backlog;
pub(crate) mod consumed;
pub(crate) mod due_times;
pub(crate) mod early;
pub(crate) mod endings;
pub(crate) mod estimate;
pub(crate) mod hosted;
pub(crate) mod looks;
pub(crate) mod metrics;
pub(crate) mod running;
pub(crate) mod slots;
pub(crate) mod stop;
pub(crate) mod swept;
pub(crate) mod sync;
pub(crate) mod waiters;
