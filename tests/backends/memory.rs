//! The storage of the tests themselves runs the suite, so that what they show holds for the others.

use std::sync::Arc;

use engine::RecordFirst;

use super::{Subject, Time};
use crate::helpers::clock::ManualClock;
use crate::helpers::memory::{MemoryQueue, MemoryTasks};

async fn fresh() -> Subject {
    let clock = Arc::new(ManualClock::new());
    let tasks = MemoryTasks::new(clock.clone());
    let queue = MemoryQueue::new(clock.clone());
    Subject {
        intake: Arc::new(RecordFirst::new(tasks.clone(), queue.clone())),
        tasks,
        queue,
        poison_queue: MemoryQueue::new(clock.clone()),
        time: Time::Manual(clock),
        _guard: Box::new(()),
    }
}

conformance!(fresh);
