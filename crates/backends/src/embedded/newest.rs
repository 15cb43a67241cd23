//! The newest records, by the indexes on the time they were created.

use std::fmt;
use std::str::FromStr;

use rusqlite::{Connection, Row, params};

use super::rows::listed;
use ports::{Page, Timestamp, Wanted, are_among};

/// Rows that one page looks through: a fraction of a second of a reader, where a filter takes few.
const MAX_LOOKED_THROUGH: usize = 50_000;

const BY_TIME: &str = "
    SELECT name, etag, modified_at, kind, status, created_at, updated_at, attempts, error_code,
        error_message, due_at, labels, rowid
    FROM records INDEXED BY records_by_time
    WHERE (created_at, rowid) < (?1, ?2) AND created_at > ?3
    ORDER BY created_at DESC, rowid DESC";

/// The index tells its statuses in these words.
const WITHOUT_SUCCESS: [&str; 2] = ["failed", "canceled"];

const BY_STATUS: &str = "
    SELECT name, etag, modified_at, kind, status, created_at, updated_at, attempts, error_code,
        error_message, due_at, labels, rowid
    FROM records INDEXED BY records_without_success
    WHERE status IN ('failed', 'canceled') AND status = ?4
        AND (created_at, rowid) < (?1, ?2) AND created_at > ?3
    ORDER BY created_at DESC, rowid DESC";

/// Where a page ended. The row id is that of a record which may be gone by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    created_at: i64,
    row_id: i64,
}

/// No position looks like this.
#[derive(Debug)]
pub(super) struct NotAPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.created_at, self.row_id)
    }
}

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        // Beyond their signs, negative numbers are written as the large ones that they look like.
        let number = |digits| u64::from_str_radix(digits, 16).ok().map(u64::cast_signed);
        let (created_at, row_id) = text.split_once('-').ok_or(NotAPosition)?;
        match (number(created_at), number(row_id)) {
            (Some(created_at), Some(row_id)) => Ok(Self { created_at, row_id }),
            _ => Err(NotAPosition),
        }
    }
}

impl Position {
    /// The record of a row, which is after those before it.
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            created_at: row.get("created_at")?,
            row_id: row.get("rowid")?,
        })
    }
}

/// Before the first of the records that are wanted.
fn start(wanted: &Wanted) -> Position {
    // Records are created at whole milliseconds: the next one is the first that is not before.
    let created_before = wanted.created_before.map(|time| {
        let rest = time.nanosecond() % 1_000_000;
        milliseconds(time) + i64::from(rest > 0)
    });
    Position {
        created_at: created_before.unwrap_or(i64::MAX),
        row_id: i64::MIN,
    }
}

fn milliseconds(time: Timestamp) -> i64 {
    time.unix_timestamp() * 1000 + i64::from(time.millisecond())
}

/// Up to `limit` records that are wanted, those after the position.
pub(super) fn page(
    connection: &Connection,
    wanted: &Wanted,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Page> {
    let start = after.map_or(start(wanted), |after| after.min(start(wanted)));
    let created_after = wanted.created_after.map_or(i64::MIN, milliseconds);
    let from = [start.created_at, start.row_id, created_after];
    let by_status = match wanted.statuses[..] {
        [status] if WITHOUT_SUCCESS.contains(&status) => Some(status),
        _ => None,
    };
    let mut statement = connection.prepare_cached(match by_status {
        Some(_) => BY_STATUS,
        None => BY_TIME,
    })?;
    let mut rows = match by_status {
        Some(status) => statement.query(params![from[0], from[1], from[2], status])?,
        None => statement.query(from)?,
    };
    let mut page = Page::default();
    let mut last = None;
    let mut looked_through = 0;
    while let Some(row) = rows.next()? {
        if page.items.len() == limit || looked_through == MAX_LOOKED_THROUGH {
            page.next = last.map(|last: Position| last.to_string());
            break;
        }
        looked_through += 1;
        let (status, kind) = (row.get_ref("status")?, row.get_ref("kind")?);
        // Not even looked at where nobody asks: they come after the body.
        let is_labelled = wanted.labels.is_empty()
            || are_among(&wanted.labels, row.get_ref("labels")?.as_str_or_null()?);
        if is_labelled && wanted.takes(status.as_str()?, kind.as_str()?) {
            page.items.push(listed(row)?);
        }
        last = Some(Position::of(row)?);
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_position_is_not_taken_for_one() {
        for text in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "1-2-3",
            "x-1",
            "01a1fde5-dc8c-728c-86f8-01a2760d7385",
        ] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_position_is_read_as_it_was_written(created_at: i64, row_id: i64) {
            let position = Position { created_at, row_id };
            let text = position.to_string();
            prop_assert!(text.len() <= 36);
            prop_assert_eq!(text.parse::<Position>().unwrap(), position);
        }
    }
}
