//! The double itself, tried on a scripted handler and on shell scripts.
//!
//! What the product does behind it is the business of other modules.

mod folder;
mod forwarding;
mod manifests;
mod polling;
mod process;
mod queue;
mod queue_limits;
mod routes;
mod scripted;
mod timer;

use functions_host::{FunctionsHost, HostOptions, StorageQueue};
use uuid::Uuid;

use self::scripted::ScriptedHandler;
use crate::helpers::azurite::azurite;
use crate::helpers::project::app;

/// A host with the project's functions before a scripted handler.
async fn start_before(handler: &ScriptedHandler, options: HostOptions) -> FunctionsHost {
    let started = FunctionsHost::start(app(), options.handler_at(handler.port));
    started.await.expect("manifests the host takes")
}

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
