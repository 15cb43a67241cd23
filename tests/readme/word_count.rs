//! Counts the words of a text.

use serde::{Deserialize, Serialize};

use crate::kinds::{Attempt, Failure, Kind};

/// Counts words.
pub(super) struct WordCount;

#[derive(Deserialize)]
pub(super) struct Input {
    text: String,
}

#[derive(Serialize)]
pub(super) struct Output {
    words: usize,
}

impl Kind for WordCount {
    const NAME: &'static str = "word-count";
    type Input = Input;
    type Output = Output;

    fn run(&self, input: Input, _: &Attempt) -> Result<Output, Failure> {
        let words = input.text.split_whitespace().count();
        Ok(Output { words })
    }
}
