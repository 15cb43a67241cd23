//! R2's two workflows over its activities.
//!
//! | | |
//! |---|---|
//! | `OrchestratorFunc` | makes files, lists them, and has each processed by a workflow of its own, all at once |
//! | `SubOrchestratorFunc` | takes one file through the four steps, one after the other |
//!
//! R2 told the failure of a step as a result without a value, which broke the next step. Here the failure of a
//! step is that of the workflow, with its cause, and it may be rewound.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use work::schemars::JsonSchema;
use work::workflow::{Flow, Workflow, callee};
use work::{ErrorCode, Failure, InvalidInput, WithoutSchema};

use super::{
    Generate, GenerateData, Step0, Step1, Step1Output, Step2, Step2Output, Step3, Step3Output,
    Step4, Step4Output,
};

/// What an instance fails with that was given nothing, as R2's does.
const MISSING_INPUT: ErrorCode = ErrorCode::literal("MissingInput");

/// What became of one file: what each of the four steps gave. In JSON, an array of four objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub struct FileReport(Step1Output, Step2Output, Step3Output, Step4Output);

/// Processes files that it makes: `OrchestratorFunc`.
pub struct ProcessFiles;

impl Workflow for ProcessFiles {
    /// As `GenerateData` takes it. That there is none is told by the instance, as R2's does.
    type Input = WithoutSchema<Value>;
    /// Nothing where there are no files, as R2's.
    type Output = Option<Vec<FileReport>>;

    fn check(&self, WithoutSchema(input): &Self::Input) -> Result<(), InvalidInput> {
        match is_missing(input) {
            true => Ok(()),
            false => Generate::deserialize(input)
                .map(drop)
                .map_err(|error| InvalidInput::new("", error.to_string())),
        }
    }

    async fn run(
        &self,
        flow: Flow,
        WithoutSchema(input): Self::Input,
    ) -> Result<Self::Output, Failure> {
        let told = match is_missing(&input) {
            true => None,
            false => Generate::deserialize(&input).ok(),
        };
        let told = told.ok_or_else(|| {
            let message = "A root directory, number of rows and number of columns per file is \
                           required as input";
            Failure::permanent(MISSING_INPUT, message)
        })?;
        let generated = flow.call(callee::blocking::<GenerateData>(), &told).await?;
        let files = flow.call(callee::kind::<Step0>(), &generated).await?;
        if files.is_empty() {
            return Ok(None);
        }
        let reports = flow.all(callee::workflow::<ProcessFile>(), files);
        Ok(Some(reports.or_first_failure().await?))
    }
}

/// Whether R2 would call it no input.
fn is_missing(input: &Value) -> bool {
    input.is_null() || input.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Processes one file: `SubOrchestratorFunc`.
pub struct ProcessFile;

impl Workflow for ProcessFile {
    /// The name of the file.
    type Input = String;
    type Output = FileReport;

    async fn run(&self, flow: Flow, file: String) -> Result<FileReport, Failure> {
        if file.is_empty() {
            let message = "Need the filename to process as input";
            return Err(Failure::permanent(MISSING_INPUT, message));
        }
        let one = flow.call(callee::blocking::<Step1>(), &file).await?;
        let two = flow.call(callee::blocking::<Step2>(), &one).await?;
        let three = flow.call(callee::blocking::<Step3>(), &two).await?;
        let four = flow.call(callee::blocking::<Step4>(), &three).await?;
        Ok(FileReport(one, two, three, four))
    }
}
