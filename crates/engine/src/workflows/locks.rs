//! One lock for each instance whose record is being written here, so that this process does not lose
//! conditional writes to itself.

use std::collections::HashMap;
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
