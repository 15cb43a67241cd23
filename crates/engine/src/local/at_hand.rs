//! Whose work a thread does: what breaks off there is a defect in it.

use std::cell::Cell;

use crate::model::id::TaskId;

thread_local! {
    static TASK: Cell<Option<(TaskId, &'static str)>> = const { Cell::new(None) };
}

/// The task that this thread works on, and its kind.
pub fn task_at_hand() -> Option<(TaskId, &'static str)> {
    TASK.get()
}

/// While this is held, this thread works on a task.
#[must_use]
pub(crate) struct AtHand(());

impl AtHand {
    pub(crate) fn task(id: TaskId, kind: &'static str) -> Self {
        TASK.set(Some((id, kind)));
        Self(())
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        TASK.set(None);
    }
}
