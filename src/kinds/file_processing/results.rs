//! What the steps give, as R2's do: the file that was written, and how much was read.

use serde::{Deserialize, Serialize};
use work::schemars::JsonSchema;

/// What `step1` gives, and `step2` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub struct Step1Output {
    /// The file that it wrote.
    pub step1_output_filename: String,
    /// Columns of the file that it read.
    #[serde(default)]
    pub col_count: usize,
    /// Rows of the file that it read, without the header.
    #[serde(default)]
    pub row_count: usize,
}

/// What `step2` gives, and `step3` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub struct Step2Output {
    /// The file that it wrote.
    pub step2_output_filename: String,
    /// Columns of the file that it read.
    #[serde(default)]
    pub col_count: usize,
    /// Rows of the file that it read, without the header.
    #[serde(default)]
    pub row_count: usize,
}

/// What `step3` gives, and `step4` takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub struct Step3Output {
    /// The file that it wrote.
    pub step3_output_filename: String,
    /// Columns of the file that it read.
    #[serde(default)]
    pub col_count: usize,
    /// Rows of the file that it read, without the header.
    #[serde(default)]
    pub row_count: usize,
}

/// What `step4` gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(crate = "work::schemars")]
pub struct Step4Output {
    /// The file that it wrote.
    pub step4_output_filename: String,
    /// Columns of the file that it read.
    #[serde(default)]
    pub col_count: usize,
    /// Rows of the file that it read, without the header.
    #[serde(default)]
    pub row_count: usize,
}
