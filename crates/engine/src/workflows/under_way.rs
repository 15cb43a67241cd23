//! What this process does for instances side by side: one lock for each whose record is being written here, so
//! that it does not lose conditional writes to itself; and the steps that whoever wrote them is doing, so that
//! nobody here sends those once more; and who adds to a tally.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::local::sync::{Mutex, lock};
use crate::model::id::TaskId;

/// How many are kept before those that nobody has any more are thrown away.
const KEPT: usize = 256;

/// The locks that somebody has, or waits for.
#[derive(Default)]
pub(super) struct Locks(Mutex<HashMap<TaskId, Weak<AsyncMutex<()>>>>);

impl Locks {
    /// That of an instance, once nobody else has it.
    pub(super) async fn of(&self, id: TaskId) -> OwnedMutexGuard<()> {
        let of_instance = {
            let mut locks = lock(&self.0);
            if locks.len() > KEPT {
                locks.retain(|_, lock| lock.strong_count() > 0);
            }
            let known = locks.get(&id).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let new = Arc::default();
                locks.insert(id, Arc::downgrade(&new));
                new
            })
        };
        of_instance.lock_owned().await
    }
}

/// A step: its instance, the generation of that, and its number.
pub(super) type StepName = (TaskId, u32, u32);

/// The steps that are done here, by whoever holds the message that they follow from.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashSet<StepName>>);

/// One of them, until it is dropped.
pub(super) struct Doing<'a> {
    under_way: &'a UnderWay,
    step: StepName,
}

impl UnderWay {
    /// Enters a step; `None` when somebody here does it. What that one holds brings the step again, should the
    /// process die.
    pub(super) fn begin(&self, step: StepName) -> Option<Doing<'_>> {
        let is_first = lock(&self.0).insert(step);
        is_first.then(|| Doing {
            under_way: self,
            step,
        })
    }

    /// Whether somebody here does a step.
    pub(super) fn has(&self, step: StepName) -> bool {
        lock(&self.0).contains(&step)
    }
}

impl Drop for Doing<'_> {
    fn drop(&mut self) {
        lock(&self.under_way.0).remove(&self.step);
    }
}

/// The adds that are under way in this process.
#[derive(Default)]
pub(super) struct Adds(Mutex<HashMap<Box<str>, usize>>);

/// One of these, until it is dropped.
pub(super) struct Add<'a> {
    adds: &'a Adds,
    tally: &'a str,
}

impl Adds {
    /// Enters one.
    pub(super) fn begin<'a>(&'a self, tally: &'a str) -> Add<'a> {
        *lock(&self.0).entry(tally.into()).or_default() += 1;
        Add { adds: self, tally }
    }

    /// Whether there are some to a tally.
    pub(super) fn are_under_way(&self, tally: &str) -> bool {
        lock(&self.0).contains_key(tally)
    }
}

impl Drop for Add<'_> {
    fn drop(&mut self) {
        let mut adds = lock(&self.adds.0);
        if let Some(under_way) = adds.get_mut(self.tally) {
            *under_way -= 1;
            if *under_way == 0 {
                adds.remove(self.tally);
            }
        }
    }
}
