//! What a sweep did, counted.

use std::fmt;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Messages taken from the queue and settled.
    pub drained: usize,
    /// Poisoned messages whose task is now a failed record.
    pub buried: usize,
    /// Poisoned messages that name no task: they are listed among the dead letters now.
    pub kept: usize,
    /// Poisoned messages whose task's record nobody here can read: they stay, for somebody to look at.
    pub staying: usize,
    /// Tasks that had lost their message, and have a new one or have failed.
    pub rescued: usize,
    /// Records deleted because their retention had ended, and what was left of instances that are gone.
    pub pruned: usize,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            drained,
            buried,
            kept,
            staying,
            rescued,
            pruned,
        } = self;
        write!(
            f,
            "swept: {drained} messages drained, {buried} tasks buried, {kept} messages without a task \
             kept, {staying} dead letters left, {rescued} tasks rescued, {pruned} records pruned"
        )
    }
}
