//! The double itself, tried on a scripted handler and on shell scripts.
//!
//! What the product does behind it is the business of other modules.

mod forwarding;
mod manifests;
mod process;
mod queue;
mod queue_limits;
mod routes;
mod scripted;
mod timer;
mod vectors;

use uuid::Uuid;

use crate::helpers::azurite::azurite;
use crate::host::{HostOptions, StorageQueue};

/// Options on the test run's storage, with a queue of their own that exists.
async fn with_queue() -> (HostOptions, StorageQueue) {
    let (options, queue) = without_queue();
    queue.create().await.expect("a new queue");
    (options, queue)
}

/// Options on the test run's storage, with a queue of their own that does not exist.
fn without_queue() -> (HostOptions, StorageQueue) {
    let connection_string = azurite().connection_string();
    let name = format!("selftest-{}", Uuid::now_v7());
    let queue = StorageQueue::new(&connection_string, &name).expect("a connection string");
    let options = HostOptions::new(connection_string).setting("queue_name", name);
    (options, queue)
}
