//! The embedded backend runs the suite.

use std::sync::Arc;

use backends::embedded::Embedded;

use super::{Subject, Time};
use crate::helpers::clock::ManualClock;

async fn fresh() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let embedded = Embedded::open(folder.path(), "tasks", clock.clone()).unwrap();
    Subject {
        tasks: embedded.tasks(),
        intake: embedded.intake(),
        queue: embedded.queue(),
        poison_queue: embedded.poison_queue(),
        time: Time::Manual(clock),
        _guard: Box::new(folder),
    }
}

conformance!(fresh);
