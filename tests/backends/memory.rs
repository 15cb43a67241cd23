//! The storage of the tests themselves runs the suite, so that what they show holds for the others.

use std::sync::Arc;

use super::{Subject, Time};
use crate::helpers::clock::ManualClock;
use crate::helpers::memory::Memory;

async fn fresh() -> Subject {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::new(clock.clone());
    let time = Time::Manual(clock);
    let stores = (memory.clone() as _, memory.tallies());
    Subject::prepared(stores, memory, "tasks", time, Box::new(())).await
}

conformance!(fresh);
