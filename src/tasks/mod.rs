//! The domain: what a task is, and what happens to it. Knows the [ports](crate::ports) and nothing
//! of HTTP, of the Functions host or of Azure.
//!
//! | Module | What it is about |
//! |---|---|
//! | `id`, `task` | the record, its status and its name: pure values |
//! | `message` | what travels through the queue |
//! | [`kinds`] | the work itself |
//! | `service` | what clients ask for: submit, look, consume |
//! | `records` | records in the store; the first terminal write wins |
//! | `attempt` | one run of a kind's code, in its slot and time limit |
//! | `worker` | one delivery in, one [`Outcome`] out |
//! | `consumer` | a received message to a settled one, where there is no host to do it |
//! | `maintenance` | one sweep |
//! | [`limits`] | every fixed limit, with its reason |

mod attempt;
mod consumer;
mod id;
pub mod json;
pub mod kinds;
pub mod limits;
mod maintenance;
mod message;
mod metrics;
mod records;
mod service;
mod task;
mod worker;

pub use attempt::Attempts;
pub use consumer::Consumer;
pub use id::{NotATaskId, TaskId};
pub use maintenance::{Maintenance, Swept};
pub use message::{TaskMessage, UnreadableMessage};
pub use metrics::Metrics;
pub use records::{Commit, RecordError, Records, Versioned};
pub use service::{Shared, SubmitError, Tasks};
pub use task::{TaskError, TaskRecord, TaskState, TaskStatus, UnreadableRecord};
pub use worker::{Delivery, Outcome, Worker};
