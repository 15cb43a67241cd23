//! Whose work a thread does: what breaks off there is a defect in it.

use std::cell::RefCell;

use work::KindName;

use crate::model::id::TaskId;

thread_local! {
    static TASK: RefCell<Option<(TaskId, KindName)>> = const { RefCell::new(None) };
}

/// The task that this thread works on, and its kind.
pub fn task_at_hand() -> Option<(TaskId, KindName)> {
    TASK.with_borrow(Clone::clone)
}

/// While this is held, this thread works on a task.
#[must_use]
pub(crate) struct AtHand(());

impl AtHand {
    pub(crate) fn task(id: TaskId, kind: KindName) -> Self {
        TASK.set(Some((id, kind)));
        Self(())
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        TASK.set(None);
    }
}
