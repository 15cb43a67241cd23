//! The activities of the sample with four steps over files (R2), as kinds: files of random data are made,
//! and each goes through four steps, of which every one writes a file and names it for the next.
//!
//! ```text
//! GenerateData ─▶ raw/0.csv … ─▶ step0 lists them ─▶ for each: step1 ─▶ step2 ─▶ step3 ─▶ step4
//! └───────────────── OrchestratorFunc ────────────────────────└────── SubOrchestratorFunc ──────┘
//! ```
//!
//! What they write hangs on their input and on the id of the task alone, so an attempt that is repeated
//! writes the same bytes again. In the service they are there if `FILE_PROCESSING` says so.

mod flows;
mod generate;
mod people;
mod places;
mod random;
mod results;
mod step;
mod steps;
mod table;

use work::{Kinds, Policy, any};

pub use self::flows::{FileReport, ProcessFile, ProcessFiles};
pub use self::generate::{Generate, GenerateData};
pub use self::results::{Step1Output, Step2Output, Step3Output, Step4Output};
pub use self::steps::{Step0, Step1, Step2, Step3, Step4};

use crate::surfaces::FileProcessing;

/// The kinds and the workflows, with the names that R2 has for them, beside others.
pub fn with_file_processing(kinds: Kinds, folders: &FileProcessing) -> Kinds {
    let policy = |description: &str| Policy::default().description(description);
    kinds
        .with(
            "GenerateData",
            any::of_blocking(GenerateData::new(folders.clone())),
            policy("Writes CSV files of random data about people"),
        )
        .with(
            "step0",
            any::of(Step0::new(folders.clone())),
            policy("Lists the CSV files of a folder"),
        )
        .with(
            "step1",
            any::of_blocking(Step1::new(folders.clone())),
            policy("Writes 100,000 rows of random numbers for a CSV file, under its header"),
        )
        .with(
            "step2",
            any::of_blocking(Step2::new(folders.clone())),
            policy("Writes a random sample of 100 rows of the file of step1"),
        )
        .with(
            "step3",
            any::of_blocking(Step3::new(folders.clone())),
            policy("Writes a random sample of 10 rows of the file of step2"),
        )
        .with(
            "step4",
            any::of_blocking(Step4::new(folders.clone())),
            policy("Writes a random sample of 5 rows of the file of step3"),
        )
        .with(
            "OrchestratorFunc",
            any::of_workflow(ProcessFiles),
            policy("Makes CSV files and takes each through the four steps"),
        )
        .with(
            "SubOrchestratorFunc",
            any::of_workflow(ProcessFile),
            policy("Takes one CSV file through the four steps"),
        )
}

#[cfg(test)]
mod tests;
