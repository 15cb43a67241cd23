//! Tallies as rows: one for each of them, and one for each entry.
//!
//! Nothing here waits for the disk: commits reach it in their order (`durability`), so an entry is there when
//! anything is that was written because of it. A power cut that takes it takes the end of its message as
//! well, which is then delivered once more.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::database::Database;
use super::durability::Until;
use super::millis::Millis;
use super::savepoint::all_or_nothing;
use ports::{Clock, StorageError, Tallies};

const OPEN: &str = "
    INSERT INTO tallies (name, opened_at)
    VALUES (?1, ?2)
    ON CONFLICT (name) DO NOTHING";

const ADD: &str = "
    INSERT INTO tally_entries (tally, place, text)
    SELECT id, 1 + coalesce((SELECT max(place) FROM tally_entries WHERE tally = id), 0), ?2
    FROM tallies
    WHERE name = ?1
    RETURNING place";

const COUNT: &str = "
    SELECT coalesce((SELECT max(place) FROM tally_entries WHERE tally = id), 0)
    FROM tallies
    WHERE name = ?1";

/// One row without a text when there is a tally, and no entry.
const READ: &str = "
    SELECT text
    FROM tallies LEFT JOIN tally_entries ON tally = id
    WHERE name = ?1
    ORDER BY place";

const CLEAR_ENTRIES: &str = "
    DELETE FROM tally_entries
    WHERE tally IN (SELECT id FROM tallies WHERE name >= ?1 AND name < ?2)";

const CLEAR: &str = "DELETE FROM tallies WHERE name >= ?1 AND name < ?2";

/// The tallies of one file.
pub(super) struct EmbeddedTallies {
    pub(super) database: Arc<Database>,
    pub(super) clock: Arc<dyn Clock>,
}

impl EmbeddedTallies {
    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        statement: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let writer = &self.database.writer;
        writer.write(operation, Until::Committed, statement).await
    }
}

#[async_trait]
impl Tallies for EmbeddedTallies {
    async fn open(&self, name: &str) -> Result<(), StorageError> {
        let (name, now) = (name.to_owned(), Millis(self.clock.now()));
        self.write("open tally", move |connection| {
            connection.prepare_cached(OPEN)?.execute(params![name, now])
        })
        .await
        .map(drop)
    }

    async fn add(&self, name: &str, entry: &str) -> Result<Option<u64>, StorageError> {
        let (name, entry) = (name.to_owned(), entry.to_owned());
        self.write("add to tally", move |connection| {
            connection
                .prepare_cached(ADD)?
                .query_row([name, entry], |row| row.get(0).map(u32::into))
                .optional()
        })
        .await
    }

    async fn count(&self, name: &str) -> Result<Option<u64>, StorageError> {
        let name = name.to_owned();
        self.database
            .readers
            .read("count tally", move |connection| {
                connection
                    .prepare_cached(COUNT)?
                    .query_row([name], |row| row.get(0).map(u32::into))
                    .optional()
            })
            .await
    }

    async fn read(&self, name: &str) -> Result<Option<Vec<String>>, StorageError> {
        let name = name.to_owned();
        self.database
            .readers
            .read("read tally", move |connection| {
                let texts = connection
                    .prepare_cached(READ)?
                    .query_map([name], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<Option<String>>>>()?;
                let is_there = !texts.is_empty();
                Ok(is_there.then(|| texts.into_iter().flatten().collect()))
            })
            .await
    }

    async fn clear(&self, prefix: &str) -> Result<(), StorageError> {
        let from = prefix.to_owned();
        // Names are ASCII, so the last character there is follows all of them.
        let end = format!("{prefix}\u{10FFFF}");
        self.write("clear tallies", move |connection| {
            let cleared = all_or_nothing(connection, || {
                for statement in [CLEAR_ENTRIES, CLEAR] {
                    let mut statement = connection.prepare_cached(statement)?;
                    statement.execute(params![from, end])?;
                }
                Ok(Ok::<_, Infallible>(()))
            });
            cleared.map(drop)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn entries_are_counted_and_read_in_the_index() {
        let entries = "tally_entries USING INDEX sqlite_autoindex_tally_entries_1 (tally=?)";
        let covering =
            "tally_entries USING COVERING INDEX sqlite_autoindex_tally_entries_1 (tally=?)";
        for (statement, expected) in [
            (ADD, covering),
            (COUNT, covering),
            (READ, entries),
            (CLEAR_ENTRIES, covering),
            (CLEAR, "(name>? AND name<?)"),
        ] {
            let plan = plan(statement);
            assert!(plan.contains(expected), "{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP"), "{plan}");
        }
    }
}
