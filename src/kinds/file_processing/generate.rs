//! `GenerateData`: files of random data.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use work::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use work::{BlockingKind, Context, Failure, InvalidInput};

use super::people::{HEADER, row};
use super::random::Random;
use crate::surfaces::FileProcessing;
use ports::FileName;

/// As many as one fan-out has.
const MAX_FILES: u32 = 10_000;
/// A file of these has some 13 MB.
const MAX_ROWS: u32 = 100_000;
/// Rows of all files: with these an attempt ends well within its time.
const MAX_ROWS_IN_ALL: u64 = 1_000_000;

/// What is to be made, as R2's clients tell it; the result says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(crate = "work::schemars")]
pub struct Generate {
    /// The folder of the files.
    pub raw_data_path: String,
    /// How many files there are to be, as a number or as its digits in a string; up to 10,000.
    #[serde(deserialize_with = "count")]
    #[schemars(schema_with = "count_schema")]
    pub num_files: u32,
    /// How many rows each is to have, the same way; up to 100,000, and 1,000,000 in all files.
    #[serde(deserialize_with = "count")]
    #[schemars(schema_with = "count_schema")]
    pub num_rows: u32,
}

impl Generate {
    /// The name of a file, by its number.
    pub(super) fn file(&self, number: u32) -> String {
        format!("{}/{number}.csv", self.raw_data_path)
    }

    /// Whether it can be done beside what the steps write to.
    pub(super) fn check(&self, folders: &FileProcessing) -> Result<(), InvalidInput> {
        let longest = self.file(MAX_FILES);
        if FileName::try_from(&*longest).is_err() {
            let reason = "the folder has no name of a folder, such as raw or data/raw";
            return Err(InvalidInput::new("rawDataPath", reason));
        }
        for (step, folder) in [
            ("step1", &folders.step1),
            ("step2", &folders.step2),
            ("step3", &folders.step3),
            ("step4", &folders.step4),
        ] {
            let inside = longest.strip_prefix(folder.as_str());
            if inside.is_some_and(|inside| inside.starts_with('/')) {
                let reason =
                    format!("the folder is where {step} writes: its files would be taken in again");
                return Err(InvalidInput::new("rawDataPath", reason));
            }
        }
        let at_most = |field, value, max| match value <= max {
            true => Ok(()),
            false => Err(InvalidInput::new(
                field,
                format!("the number is at most {max}"),
            )),
        };
        at_most("numFiles", self.num_files, MAX_FILES)?;
        at_most("numRows", self.num_rows, MAX_ROWS)?;
        if u64::from(self.num_files) * u64::from(self.num_rows) > MAX_ROWS_IN_ALL {
            let reason = format!("the rows of all files are at most {MAX_ROWS_IN_ALL}");
            return Err(InvalidInput::new("numRows", reason));
        }
        Ok(())
    }
}

/// A number, or its digits in a string.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    struct Count;

    impl Visitor<'_> for Count {
        type Value = u32;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a whole number of 0 or more, or its digits in a string")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<u32, E> {
            // What is too large for this is too large for what it counts.
            Ok(u32::try_from(value).unwrap_or(u32::MAX))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u32, E> {
            let digits = text.trim();
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            match is_number {
                true => Ok(digits.parse().unwrap_or(u32::MAX)),
                false => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
            }
        }
    }

    deserializer.deserialize_any(Count)
}

fn count_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^\\s*[0-9]+\\s*$" })
}

/// Writes files of random data about people, over those that are there.
#[derive(Clone, Debug)]
pub struct GenerateData(FileProcessing);

impl GenerateData {
    /// Beside what these folders are for.
    pub fn new(folders: FileProcessing) -> Self {
        Self(folders)
    }
}

impl BlockingKind for GenerateData {
    type Input = Generate;
    type Output = Generate;

    fn check(&self, input: &Generate) -> Result<(), InvalidInput> {
        input.check(&self.0)
    }

    fn run(&self, input: Generate, cx: &Context) -> Result<Generate, Failure> {
        let files = cx.blocking_files();
        for number in 0..input.num_files {
            cx.check_stop()?;
            let mut random = Random::of(cx.task_id(), &number.to_string());
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(HEADER)?;
            for _ in 0..input.num_rows {
                writer.write_record(row(&mut random))?;
            }
            let content = writer.into_inner().map_err(|error| error.into_error())?;
            files.write(&input.file(number), content)?;
            let percent = u64::from(number + 1) * 100 / u64::from(input.num_files);
            cx.report_percent(u8::try_from(percent).unwrap_or(100));
        }
        Ok(input)
    }
}
