//! What the steps have in common: each reads a file, makes another of it, and names that after the first.

use std::io::Write;

use work::{Context, Failure};

use super::random::Random;
use super::table::{Shape, Table};
use ports::FileName;

/// Rows that are written in place of a computation, and what the numbers in them are below.
const ROWS: usize = 100_000;
const BELOW: u64 = 99_999;

/// What a step reads, writes and says.
pub(super) struct Step<'a> {
    pub(super) name: &'static str,
    /// Where the step before writes, if there is one.
    pub(super) from: Option<&'a FileName>,
    pub(super) into: &'a FileName,
    pub(super) prefix: &'static str,
}

impl Step<'_> {
    /// The name of what it writes for this file.
    pub(super) fn output(&self, input: &str) -> String {
        let below = |folder: &FileName| input.strip_prefix(folder.as_str())?.strip_prefix('/');
        let kept = match self.from.and_then(below) {
            Some(kept) => kept,
            None => match input.split_once('/') {
                Some((_, file)) if !file.contains('/') => file,
                _ => input,
            },
        };
        let (into, prefix) = (self.into, self.prefix);
        match kept.rsplit_once('/') {
            Some((folder, file)) => format!("{into}/{folder}/{prefix}{file}"),
            None => format!("{into}/{prefix}{kept}"),
        }
    }

    /// Writes what is made of a file; gives its name, and the shape of what was read.
    pub(super) fn run(
        &self,
        input: &str,
        cx: &Context,
        make: impl FnOnce(&Table<'_>, Random) -> Result<Vec<u8>, Failure>,
    ) -> Result<(String, Shape), Failure> {
        let files = cx.blocking_files();
        let content = files.read(input)?;
        let table = Table::read(input, &content)?;
        cx.check_stop()?;
        let made = make(&table, Random::of(cx.task_id(), self.name))?;
        let output = self.output(input);
        files.write(&output, made)?;
        Ok((output, table.shape()))
    }

    /// Writes a sample of so many rows, or all where there are fewer.
    pub(super) fn sample(
        &self,
        input: &str,
        cx: &Context,
        rows: usize,
    ) -> Result<(String, Shape), Failure> {
        self.run(input, cx, |table, mut random| {
            table.of_rows(|all| random.sample(all, rows))
        })
    }
}

/// Random numbers under the header of a table, 100,000 rows from 0 to 99,998. That nothing else of it counts is R2's: here stands what
/// would be computed.
pub(super) fn numbers(table: &Table<'_>, mut random: Random) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_byte_record(&table.header)?;
    let mut content = writer.into_inner().map_err(|error| error.into_error())?;
    let columns = table.header.len();
    content.reserve(ROWS * columns * "99998,".len());
    for _ in 0..ROWS {
        for column in 0..columns {
            let end = if column + 1 < columns { ',' } else { '\n' };
            write!(content, "{}{end}", random.below(BELOW))?;
        }
    }
    Ok(content)
}
