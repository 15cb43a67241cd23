//! Counts the words of a text.

use serde::{Deserialize, Serialize};
use work::schemars::JsonSchema;
use work::{BlockingKind, Context, Failure};

/// Counts words.
pub(super) struct WordCount;

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub(super) struct Input {
    text: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub(super) struct Output {
    words: usize,
}

impl BlockingKind for WordCount {
    type Input = Input;
    type Output = Output;

    fn run(&self, input: Input, _: &Context) -> Result<Output, Failure> {
        let words = input.text.split_whitespace().count();
        Ok(Output { words })
    }
}
