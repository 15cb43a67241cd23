//! Kinds of work with a result that a test asks for.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use work::schemars::JsonSchema;
use work::{BlockingKind, Context, Failure};

use crate::helpers::gate::Runs;

/// Gives back what it got. Pure, so its task is not looked at before it runs.
pub(super) struct Echo(pub(super) Runs);

impl BlockingKind for Echo {
    type Input = Box<RawValue>;
    type Output = Box<RawValue>;

    fn run(&self, input: Self::Input, _: &Context) -> Result<Self::Output, Failure> {
        self.0.add();
        Ok(input)
    }
}

/// Tells how many attempts had begun that [`TestKinds::runs`](super::TestKinds::runs) counts.
pub(super) struct Counts(pub(super) Runs);

impl BlockingKind for Counts {
    type Input = Value;
    type Output = Value;

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        Ok(json!(self.0.count()))
    }
}

/// Has a result of any size.
pub(super) struct Bulk;

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub(super) struct BulkInput {
    bytes: usize,
}

impl BlockingKind for Bulk {
    type Input = BulkInput;
    type Output = Value;

    fn run(&self, input: BulkInput, _: &Context) -> Result<Value, Failure> {
        Ok(json!({ "bulk": "x".repeat(input.bytes) }))
    }
}

/// Tells which thread it was on.
pub(super) struct Threads;

impl BlockingKind for Threads {
    type Input = Value;
    type Output = Value;

    fn is_quick(&self, input: &Value) -> bool {
        input == "quick"
    }

    fn run(&self, _: Value, _: &Context) -> Result<Value, Failure> {
        Ok(json!(format!("{:?}", std::thread::current().id())))
    }
}
