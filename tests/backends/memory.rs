//! The storage of the tests themselves runs the suite, so that what they show holds for the others.

use std::sync::Arc;

use super::{Subject, Time};
use crate::helpers::clock::ManualClock;
use crate::helpers::memory::{MemoryQueue, MemoryTasks};

async fn fresh() -> Subject {
    let clock = Arc::new(ManualClock::new());
    Subject {
        tasks: MemoryTasks::new(clock.clone()),
        queue: MemoryQueue::new(clock.clone()),
        poison_queue: MemoryQueue::new(clock.clone()),
        time: Time::Manual(clock),
        _guard: Box::new(()),
    }
}

conformance!(fresh);
