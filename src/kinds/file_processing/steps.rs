//! The steps that each file goes through, and the one before them that lists the files.
//!
//! Every step names its file after the one it reads: `raw/0.csv`, `step1/data_0.csv`,
//! `step2/processed_data_0.csv`, `step3/interim_processed_data_0.csv`,
//! `step4/final_interim_processed_data_0.csv`. The folder of a file that is in one folder alone is left out,
//! as R2 does; that of any other stays: `a/raw/0.csv` becomes `step1/a/raw/data_0.csv`.

use work::{BlockingKind, Context, Failure, InvalidInput, Kind};

use super::generate::Generate;
use super::results::{Step1Output, Step2Output, Step3Output, Step4Output};
use super::step::{Step, numbers};
use crate::surfaces::FileProcessing;
use ports::FileName;

/// Lists the CSV files of a folder.
#[derive(Clone, Debug)]
pub struct Step0(FileProcessing);

impl Step0 {
    /// Beside what these folders are for.
    pub fn new(folders: FileProcessing) -> Self {
        Self(folders)
    }
}

impl Kind for Step0 {
    type Input = Generate;
    type Output = Vec<String>;

    fn check(&self, input: &Generate) -> Result<(), InvalidInput> {
        input.check(&self.0)
    }

    /// Files that an earlier `GenerateData` left, which made more of them, are none of this one.
    async fn run(&self, input: Generate, cx: &Context) -> Result<Vec<String>, Failure> {
        let mut names = cx.files().list(&input.raw_data_path).await?;
        names.retain(|name| {
            let file = name.rsplit('/').next().unwrap_or_default();
            let Some(stem) = file.strip_suffix(".csv") else {
                return false;
            };
            let number = stem.parse::<u32>().ok();
            let number = number.filter(|number| number.to_string() == stem);
            number.is_none_or(|number| number < input.num_files)
        });
        Ok(names)
    }
}

/// Writes random numbers for a file.
#[derive(Clone, Debug)]
pub struct Step1(FileProcessing);

impl Step1 {
    /// Into one of these folders.
    pub fn new(folders: FileProcessing) -> Self {
        Self(folders)
    }
}

impl BlockingKind for Step1 {
    type Input = String;
    type Output = Step1Output;

    fn check(&self, input: &String) -> Result<(), InvalidInput> {
        checked("", input)
    }

    fn run(&self, input: String, cx: &Context) -> Result<Step1Output, Failure> {
        let step = Step {
            name: "step1",
            from: None,
            into: &self.0.step1,
            prefix: "data_",
        };
        let (step1_output_filename, read) = step.run(&input, cx, numbers)?;
        Ok(Step1Output {
            step1_output_filename,
            col_count: read.columns,
            row_count: read.rows,
        })
    }
}

/// Writes a sample of 100 rows.
#[derive(Clone, Debug)]
pub struct Step2(FileProcessing);

impl Step2 {
    /// Into one of these folders.
    pub fn new(folders: FileProcessing) -> Self {
        Self(folders)
    }
}

impl BlockingKind for Step2 {
    type Input = Step1Output;
    type Output = Step2Output;

    fn check(&self, input: &Step1Output) -> Result<(), InvalidInput> {
        checked("step1_output_filename", &input.step1_output_filename)
    }

    fn run(&self, input: Step1Output, cx: &Context) -> Result<Step2Output, Failure> {
        let step = Step {
            name: "step2",
            from: Some(&self.0.step1),
            into: &self.0.step2,
            prefix: "processed_",
        };
        let (step2_output_filename, read) = step.sample(&input.step1_output_filename, cx, 100)?;
        Ok(Step2Output {
            step2_output_filename,
            col_count: read.columns,
            row_count: read.rows,
        })
    }
}

/// Writes a sample of 10 rows.
#[derive(Clone, Debug)]
pub struct Step3(FileProcessing);

impl Step3 {
    /// Into one of these folders.
    pub fn new(folders: FileProcessing) -> Self {
        Self(folders)
    }
}

impl BlockingKind for Step3 {
    type Input = Step2Output;
    type Output = Step3Output;

    fn check(&self, input: &Step2Output) -> Result<(), InvalidInput> {
        checked("step2_output_filename", &input.step2_output_filename)
    }

    fn run(&self, input: Step2Output, cx: &Context) -> Result<Step3Output, Failure> {
        let step = Step {
            name: "step3",
            from: Some(&self.0.step2),
            into: &self.0.step3,
            prefix: "interim_",
        };
        let (step3_output_filename, read) = step.sample(&input.step2_output_filename, cx, 10)?;
        Ok(Step3Output {
            step3_output_filename,
            col_count: read.columns,
            row_count: read.rows,
        })
    }
}

/// Writes a sample of 5 rows.
#[derive(Clone, Debug)]
pub struct Step4(FileProcessing);

impl Step4 {
    /// Into one of these folders.
    pub fn new(folders: FileProcessing) -> Self {
        Self(folders)
    }
}

impl BlockingKind for Step4 {
    type Input = Step3Output;
    type Output = Step4Output;

    fn check(&self, input: &Step3Output) -> Result<(), InvalidInput> {
        checked("step3_output_filename", &input.step3_output_filename)
    }

    fn run(&self, input: Step3Output, cx: &Context) -> Result<Step4Output, Failure> {
        let step = Step {
            name: "step4",
            from: Some(&self.0.step3),
            into: &self.0.step4,
            prefix: "final_",
        };
        let (step4_output_filename, read) = step.sample(&input.step3_output_filename, cx, 5)?;
        Ok(Step4Output {
            step4_output_filename,
            col_count: read.columns,
            row_count: read.rows,
        })
    }
}

fn checked(field: &str, name: &str) -> Result<(), InvalidInput> {
    match FileName::try_from(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(InvalidInput::new(
            field,
            "the text is no name of a file, such as raw/0.csv",
        )),
    }
}
