//! Kinds of work that leave it to others, or hand in more.

use serde_json::{Value, json};
use work::{BlockingKind, Context, Failure, Kind};

use super::Urls;
use crate::helpers::gate::Runs;

/// Leaves its work to others, from 10 percent on.
pub(super) struct HandsOver(pub(super) Urls);

impl Kind for HandsOver {
    type Input = Value;
    type Output = Value;

    async fn run(&self, _: Value, cx: &Context) -> Result<Value, Failure> {
        let callback = cx.callback().expect("tests have a key");
        self.0.lock().unwrap().push(callback.url().to_owned());
        cx.report_percent(10);
        Err(cx.hand_over())
    }
}

/// Hands in two tasks, and fails the first time after that.
pub(super) struct Parent(pub(super) Runs);

impl BlockingKind for Parent {
    type Input = Value;
    type Output = Value;

    fn run(&self, input: Value, cx: &Context) -> Result<Value, Failure> {
        self.0.add();
        let first = cx.submit_blocking("bulk", &json!({ "bytes": cx.attempt() }))?;
        let second = cx.submit_blocking("bulk", &json!({ "bytes": 2 }))?;
        if cx.attempt() == 1 {
            return Err(Failure::transient("NotYet", "once more"));
        }
        Ok(json!({ "children": [first, second], "input": input }))
    }
}

/// The same without a thread of its own; hands in a task of the kind that it is given.
pub(super) struct Breeds(pub(super) Runs);

impl Kind for Breeds {
    type Input = String;
    type Output = Value;

    async fn run(&self, kind: String, cx: &Context) -> Result<Value, Failure> {
        self.0.add();
        let first = cx.submit(&kind, &json!({ "bytes": cx.attempt() })).await?;
        let second = cx.submit("bulk", &json!({ "bytes": 2 })).await?;
        if cx.attempt() == 1 {
            return Err(Failure::transient("NotYet", "once more"));
        }
        Ok(json!({ "children": [first, second] }))
    }
}
