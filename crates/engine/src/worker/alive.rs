//! An attempt that lives, seen by a message that comes beside it.

use crate::limits::ALIVE_FOR;
use crate::model::message::TaskMessage;
use crate::model::task::{TaskRecord, TaskState};
use crate::worker::again::sent_later;
use crate::worker::outcome::Outcome;
use crate::worker::parts::Worker;
use ports::Delivery;

impl Worker {
    /// Whether somebody else works on a task whose message comes to begin this attempt: a sweep took it for
    /// one that nobody works on, and sent a second message. An attempt that begins because the one before was
    /// broken off is a later one than the record shows.
    pub(crate) fn lives_elsewhere(&self, record: &TaskRecord, attempt: u32) -> bool {
        let is_running = matches!(
            record.state,
            TaskState::Running {
                handed_over: None,
                ..
            }
        );
        self.has_other_workers
            && is_running
            && attempt <= record.attempts
            && self.clock.now() - record.updated_at < ALIVE_FOR
    }

    /// What becomes of a delivery whose task somebody else works on: it looks again later.
    pub(crate) fn while_it_lives(&self, message: TaskMessage<'_>, delivery: &Delivery) -> Outcome {
        let reason = "another attempt at its task is alive";
        sent_later(message, delivery, (None, ALIVE_FOR), reason)
    }
}
