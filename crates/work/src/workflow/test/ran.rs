//! What a workflow did in its test.

use std::time::Duration;

use serde_json::Value;

use crate::workflow::replay::NonDeterministic;
use crate::{Failure, InvalidInput};

/// What a workflow did, to its end.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ran<O> {
    /// What it gave, or why it failed.
    pub output: Result<O, Failure>,
    /// What it called, in order; each member of many calls counts as one.
    pub calls: Vec<Called>,
    /// What it said of itself last.
    pub status: Option<Value>,
    /// How much time passed.
    pub took: Duration,
    /// How often it continued as new.
    pub generation: u32,
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Called {
    /// The name of what was called: that of its type, without its path, or the one it was named with.
    pub name: String,
    /// What it was called with.
    pub input: Value,
}

impl<O> Ran<O> {
    /// The names of what it called, in order.
    pub fn called(&self) -> Vec<&str> {
        self.calls.iter().map(|call| &*call.name).collect()
    }
}

/// Why the test of a workflow came to no end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// The workflow does not take the input.
    #[error("the workflow does not take its input: {0}")]
    InvalidInput(#[from] InvalidInput),
    /// What the test gives is no JSON.
    #[error("what the test gives cannot be written as JSON, or not be read again")]
    NoJson(#[from] serde_json::Error),
    /// The workflow calls what the test has no results for.
    #[error("the workflow calls {0}, and the test does not say what that gives")]
    NotGiven(String),
    /// The workflow waits, and nothing more happens.
    #[error("nothing happens any more, and the workflow waits for {0}")]
    Stuck(String),
    /// The workflow goes on and on.
    #[error("the workflow had not ended after {0} arrivals")]
    Endless(usize),
    /// The workflow panicked, or waited for something else than its flow.
    #[error("{0}")]
    Broken(String),
    /// Run a second time over the same results, the workflow asked for something else.
    #[error("run again over the same results, the workflow did something else: {0}")]
    NonDeterministic(#[from] NonDeterministic),
    /// Run a second time over the same results, the workflow did not end the same way.
    #[error("run again over the same results, the workflow ended in another way")]
    AnotherEnd,
}
