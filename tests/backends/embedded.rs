//! The embedded backend runs the suite.

use std::sync::Arc;

use backends::embedded::Embedded;

use super::{Subject, Time};
use crate::helpers::clock::ManualClock;

async fn fresh() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let embedded = Embedded::open(folder.path(), clock.clone()).unwrap();
    let stores = (embedded.tasks(), embedded.tallies());
    let time = Time::Manual(clock);
    Subject::prepared(stores, Arc::new(embedded), "tasks", time, Box::new(folder)).await
}

conformance!(fresh);
