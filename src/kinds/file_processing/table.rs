//! A CSV file: a header and rows, with commas in between and a line feed at the end of each. It is read in
//! UTF-8, with or without a byte-order mark, and values stay as they are, to the letter.

use csv::{ByteRecord, ErrorKind, ReaderBuilder, Writer};
use work::{ErrorCode, Failure};

const INVALID_CSV: ErrorCode = ErrorCode::literal("InvalidCsv");

/// Where the rows of a file are.
pub(super) struct Table<'a> {
    content: &'a str,
    pub(super) header: ByteRecord,
    /// Where each row begins, in bytes.
    rows: Vec<usize>,
}

/// How large a table is, without its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl<'a> Table<'a> {
    /// Reads a file; its name is for the failure.
    ///
    /// # Errors
    ///
    /// Permanent: it is not UTF-8, has no header, or has a row with other columns than the header.
    pub(super) fn read(name: &str, content: &'a [u8]) -> Result<Self, Failure> {
        let refused = |what: &str| Failure::permanent(INVALID_CSV, format!("{name} {what}"));
        let text = std::str::from_utf8(content).map_err(|_| refused("is not UTF-8"))?;
        let content = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .from_reader(content.as_bytes());
        let mut record = ByteRecord::new();
        let (mut header, mut rows) = (None, Vec::new());
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(false) => break,
                Ok(true) if header.is_none() => header = Some(record.clone()),
                Ok(true) => {
                    let at = record.position().map_or(0, csv::Position::byte);
                    rows.push(usize::try_from(at).unwrap_or(usize::MAX));
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    return Err(match error.kind() {
                        ErrorKind::UnequalLengths { .. } => refused(&format!(
                            "has other columns in line {line} than in its header"
                        )),
                        _ => refused("cannot be read as CSV"),
                    });
                }
            }
        }
        Ok(Self {
            content,
            header: header.ok_or_else(|| refused("has no header"))?,
            rows,
        })
    }

    pub(super) fn shape(&self) -> Shape {
        Shape {
            columns: self.header.len(),
            rows: self.rows.len(),
        }
    }

    /// A file with these rows of this one, in the order that this gives them.
    pub(super) fn of_rows(
        &self,
        choose: impl FnOnce(Vec<usize>) -> Vec<usize>,
    ) -> Result<Vec<u8>, Failure> {
        let mut writer = Writer::from_writer(Vec::new());
        writer.write_byte_record(&self.header)?;
        let mut record = ByteRecord::new();
        for at in choose(self.rows.clone()) {
            let row = self.content.as_bytes().get(at..).unwrap_or_default();
            let mut reader = ReaderBuilder::new()
                .has_headers(false)
                .buffer_capacity(1024)
                .from_reader(row);
            reader.read_byte_record(&mut record)?;
            writer.write_byte_record(&record)?;
        }
        Ok(writer.into_inner().map_err(|error| error.into_error())?)
    }
}

#[cfg(test)]
mod tests {
    use work::Told;

    use super::*;

    fn shape(content: &str) -> Shape {
        Table::read("a.csv", content.as_bytes()).unwrap().shape()
    }

    fn refusal(content: &[u8]) -> String {
        match Table::read("a.csv", content).err().unwrap().told() {
            Told::Permanent { code, message } => format!("{code}: {message}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_table_is_its_header_and_its_rows() {
        let (columns, rows) = (2, 2);
        for content in [
            "a,b\n1,2\n3,4\n",
            "a,b\n1,2\n3,4",
            "\u{FEFF}a,b\r\n1,2\r\n3,4\r\n",
            "a,b\n\n1,2\n\n3,4\n\n",
            "a,b\n\"1,\n\",\"\"\"\"\n3,4\n",
        ] {
            assert_eq!(shape(content), Shape { columns, rows }, "{content:?}");
        }
        assert_eq!(
            shape("a,b\n"),
            Shape {
                columns: 2,
                rows: 0
            }
        );
        assert_eq!(
            shape("a"),
            Shape {
                columns: 1,
                rows: 0
            }
        );
    }

    #[test]
    fn rows_are_told_to_the_letter() {
        let content = "\u{FEFF}\"a,1\",b\n\"x\ny\",007\n\"say \"\"so\"\"\",é\n3.10, 4\n";
        let table = Table::read("a.csv", content.as_bytes()).unwrap();
        let same = table.of_rows(|rows| rows).unwrap();
        assert_eq!(String::from_utf8(same).unwrap(), &content[3..]);
        let turned = table.of_rows(|rows| rows.into_iter().rev().take(2).collect());
        let expected = "\"a,1\",b\n3.10, 4\n\"say \"\"so\"\"\",é\n";
        assert_eq!(String::from_utf8(turned.unwrap()).unwrap(), expected);
    }

    #[test]
    fn what_is_no_table_is_refused_by_name_and_line() {
        for content in ["", "\n", "\u{FEFF}", "\r\n\n"] {
            assert_eq!(
                refusal(content.as_bytes()),
                "InvalidCsv: a.csv has no header"
            );
        }
        assert_eq!(refusal(b"a\n\xFF\n"), "InvalidCsv: a.csv is not UTF-8");
        assert_eq!(
            refusal(b"a,b\n1,2\n3\n"),
            "InvalidCsv: a.csv has other columns in line 3 than in its header"
        );
    }
}
