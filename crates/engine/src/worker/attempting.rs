//! What an attempt is at: a task, or a step of an instance.

use std::time::Duration;

use crate::local::sync::Mutex;
use crate::model::id::TaskId;
use crate::model::task::TaskRecord;
use crate::records::Versioned;

/// What an attempt is at.
pub(crate) enum Attempting<'a> {
    /// A task, whose record shows that.
    Task(&'a mut Versioned),
    /// A step of an instance, which has no record of its own.
    Step(&'a StepOf),
}

/// A step, as its attempt knows it.
pub(crate) struct StepOf {
    /// The task of its instance.
    pub(crate) instance: TaskId,
    /// What stands for it: the same in every attempt.
    pub(crate) id: TaskId,
    /// Which attempt it is.
    pub(crate) attempt: u32,
    /// How long that may last, if its kind allows longer.
    pub(crate) time_limit: Option<Duration>,
    /// The trace that the instance is in.
    pub(crate) traceparent: Option<String>,
    /// The record of an instance that has none before its first step has ended: it gets one when that lasts.
    pub(crate) begins: Mutex<Option<Box<TaskRecord>>>,
}

impl Attempting<'_> {
    /// The task that its client may cancel.
    pub(super) fn task(&self) -> TaskId {
        match self {
            Self::Task(task) => task.record.id,
            Self::Step(step) => step.instance,
        }
    }
}
