//! The Azure backend runs the suite, on Azurite: each test has a container and a queue of its own.

use std::sync::Arc;

use backends::azure::Azure;

use super::{Subject, Time};
use crate::helpers::azurite::azurite;

async fn fresh() -> Subject {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let azure = Azure::new(&azurite().account(), &name).unwrap();
    let queues = Arc::new(azure.clone());
    let stores = (azure.tasks(), azure.tallies());
    Subject::prepared(stores, queues, &name, Time::Real, Box::new(())).await
}

conformance!(fresh);
