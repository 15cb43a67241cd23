//! Many calls side by side, of a kind that the kinds file has: `word-count` of examples/commands.

use async_request_reply::Failure;
use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::workflow::{Flow, Workflow, callee};
use serde::{Deserialize, Serialize};

/// What `word-count` takes.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Text {
    lines: Vec<String>,
}

/// What `word-count` gives, as far as it matters here.
#[derive(Serialize, Deserialize)]
struct Count {
    words: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Total {
    words: u64,
    unreadable: usize,
}

pub(crate) struct Texts;

impl Workflow for Texts {
    type Input = Vec<Text>;
    type Output = Total;

    async fn run(&self, flow: Flow, texts: Vec<Text>) -> Result<Total, Failure> {
        let word_count = callee::named::<Text, Count>("word-count");
        let counts = flow.all(word_count, texts).await;
        Ok(Total {
            words: counts.iter().flatten().map(|count| count.words).sum(),
            unreadable: counts.iter().filter(|count| count.is_err()).count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use async_request_reply::ErrorCode;
    use async_request_reply::workflow::StepError;
    use async_request_reply::workflow::test::FlowTest;

    use super::*;

    #[test]
    fn words_are_counted_of_what_can_be_read() {
        let word_count = callee::named::<Text, Count>("word-count");
        let texts = [vec!["to be or", "not to be"], vec![], vec!["that is"]];
        let texts = texts.map(|lines| Text {
            lines: lines.into_iter().map(str::to_owned).collect(),
        });
        let test = FlowTest::of(Texts).with(word_count, |text: Text| {
            match text.lines.join(" ").split_whitespace().count() {
                0 => Err(StepError::new(ErrorCode::literal("Empty"), "nothing there")),
                words => Ok(Count {
                    words: words as u64,
                }),
            }
        });
        let ran = test.run(&texts.into()).unwrap();
        let total = Total {
            words: 8,
            unreadable: 1,
        };
        assert_eq!(ran.output.unwrap(), total);
        assert_eq!(ran.calls.len(), 3);
    }
}
