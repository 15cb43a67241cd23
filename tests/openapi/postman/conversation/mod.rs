//! The conversation of the collection: everything a client can say to the service, in order.

mod about;
mod clients;
mod letters;
mod messages;
mod tasks;
mod workflows;

use super::collection::{PLAIN, Step};

/// All steps. Those about failures follow on a task that has succeeded.
pub(super) fn conversation() -> impl Iterator<Item = &'static Step> {
    [
        tasks::STEPS,
        clients::STEPS,
        letters::STEPS,
        messages::STEPS,
        workflows::STEPS,
        about::STEPS,
    ]
    .into_iter()
    .flatten()
}
