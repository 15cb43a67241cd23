//! Kinds without their types, as the engine runs them: JSON in, JSON out.
//!
//! [`of`] and [`of_blocking`] make one of a kind in Rust, [`of_workflow`] one of a workflow. What runs a program or calls a URL implements
//! [`AnyKind`] itself.

mod result;
mod workflow;

use std::any::TypeId;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

pub use result::ResultLimit;
pub use workflow::{Versions, of_workflow};

use crate::input::parse;
use crate::workflow::Flow;
use crate::{BlockingKind, BoxFuture, Context, Failure, InvalidInput, Kind, KindName, schema};

/// A kind of work without its types.
pub trait AnyKind: Send + Sync {
    /// Reads and checks an input, when its task is handed in.
    ///
    /// # Errors
    ///
    /// The kind does not take this input.
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput>;

    /// Reads and checks an input, once, and gives the work to do for it.
    ///
    /// # Errors
    ///
    /// The kind does not take this input, or not any more.
    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput>;

    /// The JSON Schema (2020-12) of the input, if it has one.
    fn input_schema(&self) -> Option<Value>;

    /// The JSON Schema (2020-12) of the result, if it has one.
    fn output_schema(&self) -> Option<Value>;

    /// What the kind does, for people; that of its [`Policy`](crate::Policy) comes first.
    fn description(&self) -> Option<&str> {
        None
    }

    /// What is to be done when a task of the kind was canceled, wherever its work goes on. It is done once,
    /// in the process that took the cancel, which does not wait for it.
    fn canceled(self: Arc<Self>, canceled: Canceled) -> Option<BoxFuture<'static, ()>> {
        let _ = canceled;
        None
    }

    /// The type of the kind or workflow that it was made of, by which a workflow finds its name.
    fn made_of(&self) -> Option<TypeId> {
        None
    }

    /// Which version it is, if it is a workflow.
    fn version(&self) -> Option<u32> {
        None
    }

    /// The same workflow in this version, if it is registered: an instance goes on with the one it began
    /// with.
    fn in_version(self: Arc<Self>, version: u32) -> Option<Arc<dyn AnyKind>> {
        let _ = version;
        None
    }
}

/// A task that was canceled.
#[derive(Clone, Debug)]
pub struct Canceled {
    /// Its id.
    pub task_id: String,
    /// The name of its kind.
    pub kind: KindName,
    /// How many attempts its record shows.
    pub attempts: u32,
    /// The trace context of its client (W3C).
    pub traceparent: Option<String>,
}

/// The work for one input.
pub enum Prepared {
    /// Takes microseconds and never blocks: for the caller's thread.
    Quick(Run),
    /// Computes or blocks: for a thread of the pool.
    Blocking(Run),
    /// Waits: for the runtime.
    Waiting(Start),
    /// Is run over its journal, in a [`Replay`](crate::workflow::replay::Replay).
    Workflow(Begin),
}

/// Work that is done when it returns.
pub type Run = Box<dyn FnOnce(&Context, ResultLimit) -> Result<Box<RawValue>, Failure> + Send>;

/// Work that is done when its future ends.
pub type Start = Box<
    dyn FnOnce(Context, ResultLimit) -> BoxFuture<'static, Result<Box<RawValue>, Failure>> + Send,
>;

/// A workflow that has its input. It never blocks.
pub type Begin =
    Box<dyn FnOnce(Flow, ResultLimit) -> BoxFuture<'static, Result<Box<RawValue>, Failure>> + Send>;

/// An async kind without its types.
pub fn of(kind: impl Kind) -> Arc<dyn AnyKind> {
    Arc::new(Async(kind))
}

/// A kind that computes or blocks, without its types.
pub fn of_blocking(kind: impl BlockingKind) -> Arc<dyn AnyKind> {
    Arc::new(Blocking(kind))
}

fn read<T: DeserializeOwned>(
    input: &RawValue,
    check: impl FnOnce(&T) -> Result<(), InvalidInput>,
) -> Result<T, InvalidInput> {
    let input = parse(input)?;
    check(&input)?;
    Ok(input)
}

struct Async<K>(K);

impl<K: Kind> AnyKind for Async<K> {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        read(input, |input| self.0.check(input)).map(drop)
    }

    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput> {
        let input = read(input, |input| self.0.check(input))?;
        Ok(Prepared::Waiting(Box::new(move |cx, limit| {
            let cx = cx.without_blocking();
            Box::pin(async move { result::written(self.0.run(input, &cx).await?, limit) })
        })))
    }

    fn input_schema(&self) -> Option<Value> {
        schema::of_input::<K::Input>()
    }

    fn output_schema(&self) -> Option<Value> {
        schema::of_output::<K::Output>()
    }

    fn made_of(&self) -> Option<TypeId> {
        Some(TypeId::of::<K>())
    }
}

struct Blocking<K>(K);

impl<K: BlockingKind> AnyKind for Blocking<K> {
    fn check(&self, input: &RawValue) -> Result<(), InvalidInput> {
        read(input, |input| self.0.check(input)).map(drop)
    }

    fn prepare(self: Arc<Self>, input: &RawValue) -> Result<Prepared, InvalidInput> {
        let input = read(input, |input| self.0.check(input))?;
        Ok(if self.0.is_quick(&input) {
            Prepared::Quick(Box::new(move |cx, limit| {
                result::written(self.0.run(input, &cx.without_blocking())?, limit)
            }))
        } else {
            Prepared::Blocking(Box::new(move |cx, limit| {
                result::written(self.0.run(input, cx)?, limit)
            }))
        })
    }

    fn input_schema(&self) -> Option<Value> {
        schema::of_input::<K::Input>()
    }

    fn output_schema(&self) -> Option<Value> {
        schema::of_output::<K::Output>()
    }

    fn made_of(&self) -> Option<TypeId> {
        Some(TypeId::of::<K>())
    }
}

#[cfg(test)]
mod tests;
