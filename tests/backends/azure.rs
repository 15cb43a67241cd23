//! The Azure backend runs the suite, on Azurite: each test has a container and a queue of its own.

use std::sync::Arc;

use backends::azure::Connector;
use engine::RecordFirst;

use super::{Subject, Time};
use crate::helpers::azurite::azurite;

async fn fresh() -> Subject {
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let connector = Connector::new(&azurite().account(), &name, &name).unwrap();
    let azure = connector.connect().unwrap();
    let subject = Subject {
        tasks: azure.tasks(),
        intake: Arc::new(RecordFirst::new(azure.tasks(), azure.queue())),
        queue: azure.queue(),
        poison_queue: azure.poison_queue(),
        time: Time::Real,
        _guard: Box::new(()),
    };
    subject.tasks.prepare().await.unwrap();
    subject.queue.prepare().await.unwrap();
    subject.poison_queue.prepare().await.unwrap();
    subject
}

conformance!(fresh);
