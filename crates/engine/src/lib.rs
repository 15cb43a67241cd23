//! The engine: what a task is, and what happens to it. Knows the [ports] and nothing of HTTP, of the
//! Functions host, of a vendor's storage or of the environment. The work itself is of the crate [`work`].
//!
//! A part of the package `async-request-reply`, where whoever wants work done begins.
//!
//! | Room | What it is about |
//! |---|---|
//! | [`model`] | what a task is: its name, record, status and message; pure values |
//! | [`local`] | what this process remembers: what waits, runs and was counted |
//! | `queue` | the queues that tasks go through, and which one a kind has |
//! | [`records`] | records in the store; the first terminal write wins |
//! | [`tasks`] | what clients ask for: submit, look, wait, consume, operate, list |
//! | [`worker`] | one delivery in, one [`Outcome`] out |
//! | [`workflows`] | instances: turns, steps, fan-outs, and what is asked of them |
//! | [`sweep`] | upkeep: dead letters, old records, tasks that have lost their message |
//! | [`Engine`] | all of it, put together |
//! | [`limits`] | every fixed limit, with its reason |

mod engine;
pub mod limits;
pub mod local;
pub mod model;
mod policies;
pub mod prometheus;
mod queue;
pub mod records;
mod settings;
pub mod sweep;
pub mod tasks;
pub mod text;
pub mod worker;
pub mod workflows;

pub use engine::{Engine, Ports};
pub use local::at_hand::task_at_hand;
pub use local::consumed::DeletionPermit;
pub use local::early::{Early, EarlyMessages, EarlyStart};
pub use local::metrics::queues::QueueGauges;
pub use local::metrics::seen::{Seen, SeenEnd};
pub use local::metrics::{Gauges, Metrics, Took};
pub use local::stop::Stop;
pub use local::swept::Swept;
pub use local::waiters::{TooManyWaiters, Waiter};
pub use model::callback::{Attempted, Callbacks};
pub use model::count::Count;
pub use model::extensible::Others;
pub use model::id::{IdText, NotATaskId, TaskId};
pub use model::instance::{Instance, Parent};
pub use model::json;
pub use model::labels::{Labels, NotLabels, is_label};
pub use model::message::{TaskMessage, UnreadableMessage};
pub use model::notice::NOTICE_KIND;
pub use model::parcel::{Data, Digest, Parcel, ToldLetter, WholeLetter};
pub use model::precondition::{Precondition, Target, Versions};
pub use model::r0::R0_KIND;
pub use model::rules::{Acted, Matches, Outward, Rule, RuleAction, Rules, Stands};
pub use model::start::Start;
pub use model::stored::UnreadableRecord;
pub use model::task::{HandedOver, TaskError, TaskRecord, TaskState, TaskStatus};
pub use model::trace::is_traceparent;
pub use model::wishes::Wishes;
pub use policies::{OutlastsHost, Treatment, fit_host};
pub use records::{Commit, RecordError, Records, Shown, Versioned};
pub use settings::Settings;
pub use sweep::Maintenance;
pub use tasks::callbacks::{CalledBack, Report};
pub use tasks::dead_letters::{
    Bulk, DeadLetter, Edit, LetterBody, LetterFilter, LetterPage, LetterPosition, Replayed,
};
pub use tasks::glimpse::Glimpse;
pub use tasks::idempotency::KeyedSubmitError;
pub use tasks::kinds::KnownKind;
pub use tasks::listing::{Filter, ListError, TaskPage};
pub use tasks::many::{EachSubmitted, NoneAccepted};
pub use tasks::operate::Operated;
pub use tasks::service::Tasks;
pub use tasks::submit::{Submission, SubmitError};
pub use worker::Outcome;
pub use worker::consumer::{Consumer, Unsettled};
pub use workflows::{
    Begun, Controlled, History, HistoryStep, InstancePage, InstancesUnlisted, NewEvent, StepKind,
    StepState, Workflows,
};
