//! Workflows: work that is made of steps, and outlives the process that begins it.
//!
//! A [`Workflow`] is ordinary async Rust that waits for nothing but what its [`Flow`] gives. What happened
//! is kept in a journal; whoever goes on with the instance runs the code again from its beginning, over
//! the journal, to the same place. [`callee`] names what a step calls, [`join_all`] and [`select`] put steps
//! side by side, [`test`](mod@test) runs a workflow without a service, and [`replay`] is for the engine.
//!
//! ```text
//! Workflow ─▶ any::of_workflow ─▶ Prepared::Workflow ─▶ Replay ◀─ arrivals ─ the engine
//!    │                                                   │
//!    └─▶ Flow ─▶ Call, All, Sleep, Event ─▶ commands ────┘
//! ```

pub mod callee;
mod command;
mod core;
mod error;
mod flow;
mod hash;
mod id;
mod mail;
mod names;
pub mod replay;
mod retry;
mod side_by_side;
mod step;
pub mod test;
mod ticket;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use command::MAX_MEMBERS;
pub use error::StepError;
pub use flow::Flow;
pub use names::Callee;
pub use retry::Retry;
pub use side_by_side::{Either, join_all, select};
pub use step::{All, Call, Event, OrFirstFailure, Sleep};

use crate::{Failure, InvalidInput};

/// Work that is made of steps: calls of kinds and of other workflows, timers, and events from outside. It
/// may last for months, and goes on where it was after a restart.
///
/// Its code is run again from the beginning whenever something arrives, and must then ask for the same in
/// the same order. So all that may differ comes from its [`Flow`] or from a step: the time, random
/// numbers, files, other services. `docs/workflows.md` tells more.
///
/// ```
/// use work::workflow::{Flow, Workflow, callee};
/// use work::{BlockingKind, Context, Failure};
///
/// struct Length;
///
/// impl BlockingKind for Length {
///     type Input = String;
///     type Output = usize;
///
///     fn run(&self, input: String, _: &Context) -> Result<usize, Failure> {
///         Ok(input.len())
///     }
/// }
///
/// /// How long the texts are, one after the other.
/// struct TotalLength;
///
/// impl Workflow for TotalLength {
///     type Input = Vec<String>;
///     type Output = usize;
///
///     async fn run(&self, flow: Flow, texts: Vec<String>) -> Result<usize, Failure> {
///         let mut total = 0;
///         for text in texts {
///             total += flow.call(callee::blocking::<Length>(), &text).await?;
///         }
///         Ok(total)
///     }
/// }
/// ```
pub trait Workflow: Send + Sync + 'static {
    /// Which version the code is. An instance ends on the version it began with, so code that asks for
    /// other steps is another version, and the older one stays registered with it
    /// ([`Versions`](crate::any::Versions)) until its instances have ended.
    const VERSION: u32 = 1;

    /// The client's input. What does not deserialize is refused with a 422 that names the field.
    type Input: Serialize + DeserializeOwned + JsonSchema + Send;

    /// The result.
    type Output: Serialize + DeserializeOwned + JsonSchema;

    /// Looks at an input before it is accepted, and again whenever the workflow goes on.
    ///
    /// # Errors
    ///
    /// The workflow does not take this input.
    fn check(&self, input: &Self::Input) -> Result<(), InvalidInput> {
        let _ = input;
        Ok(())
    }

    /// Does the work.
    ///
    /// # Errors
    ///
    /// Why there is no result. The workflow has ended then: it is not run again, whatever the
    /// [`Failure`] says about trying again.
    fn run(
        &self,
        flow: Flow,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}
