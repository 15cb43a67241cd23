//! The domain: what a task is, and what happens to it. Knows the [ports] and nothing
//! of HTTP, of the Functions host or of Azure.
//!
//! | Module | What it is about |
//! |---|---|
//! | `id`, `task` | the record, its status and its name: pure values |
//! | `message` | what travels through the queue |
//! | `extensible` | what a newer version keeps in both, and finds again |
//! | [`kinds`] | the work itself |
//! | `service` | what clients ask for: submit, look, consume |
//! | `intake` | a new record and its message, where storage cannot write both at once |
//! | `records` | records in the store; the first terminal write wins |
//! | `attempt`, `at_hand` | one run of a kind's code, in its slot and time limit; whose it is |
//! | `backlog` | how many messages wait |
//! | `estimate` | how long until a task is done |
//! | `operations` | cancel, delete, retry |
//! | `listing` | tasks, newest first |
//! | `metrics` | what this process has done so far |
//! | `idempotency` | a client's key for a submission |
//! | `waiting`, `running` | who waits for a task, and what runs, in this process |
//! | `worker` | one delivery in, one [`Outcome`] out |
//! | `again` | deliveries that another is to follow |
//! | `burial` | the tasks of messages that nobody can work on |
//! | `consumer` | a received message to a settled one, where there is no host to do it |
//! | `maintenance` | one sweep: the poison queue, the records, the queue |
//! | `walk`, `rescue`, `refused` | through the records: old ones, and tasks that have lost their message |
//! | [`limits`] | every fixed limit, with its reason |

mod again;
mod at_hand;
mod attempt;
mod backlog;
mod burial;
mod consumer;
pub mod crash;
mod estimate;
mod extensible;
mod id;
mod idempotency;
mod intake;
pub mod json;
pub mod kinds;
pub mod limits;
mod listing;
mod maintenance;
mod message;
mod metrics;
mod operations;
mod precondition;
pub mod prometheus;
mod records;
mod refused;
mod rescue;
mod running;
mod service;
mod sync;
mod task;
pub mod text;
mod trace;
mod waiting;
mod walk;
mod worker;

pub use at_hand::task_at_hand;
pub use attempt::{Attempts, Took};
pub use consumer::{Consumer, Unsettled};
pub use extensible::Others;
pub use id::{IdText, NotATaskId, TaskId};
pub use idempotency::KeyedSubmitError;
pub use intake::RecordFirst;
pub use listing::{Filter, ListError, TaskPage};
pub use maintenance::{Maintenance, Swept};
pub use message::{TaskMessage, UnreadableMessage};
pub use metrics::{Gauges, Metrics};
pub use operations::Operated;
pub use precondition::{Precondition, Target, Versions};
pub use records::{Commit, RecordError, Records, Versioned};
pub use service::{PlaceToDelete, Shared, Submission, SubmitError, Tasks};
pub use task::{TaskError, TaskRecord, TaskState, TaskStatus, UnreadableRecord};
pub use trace::is_traceparent;
pub use waiting::{TooManyWaiters, Waiter};
pub use worker::{Delivery, Outcome, Worker};
