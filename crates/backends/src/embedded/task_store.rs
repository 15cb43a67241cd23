//! Task records as a port.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use rusqlite::{OptionalExtension, params};

use super::database::Database;
use super::durability::Until;
use super::millis::Millis;
use super::rows::{listed, listed_tally, looked, stored};
use super::{newest, write};
use ports::{
    Clock, Looked, Newest, Page, Step, StorageError, Stored, TaskStore, Wanted, Writes, Written,
};

const READ: &str = "SELECT body, etag, modified_at FROM records WHERE name = ?1";

/// SQLite knows the length of a body without reading it.
const LOOK: &str = "
    SELECT name, etag, modified_at, kind, status, created_at, updated_at, attempts, error_code,
        error_message, due_at, labels, CASE WHEN length(body) <= ?2 THEN body END AS body
    FROM records
    WHERE name = ?1";

const CHECK: &str = "
    INSERT INTO checks (id, checked_at) VALUES (1, ?1)
    ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at";

/// Records and tallies, by their names.
const LIST: &str = "
    SELECT name, etag, modified_at, kind, status, created_at, updated_at, attempts, error_code,
        error_message, due_at, labels, 0 AS is_tally
    FROM records
    WHERE name >= ?1 AND name < ?2
    UNION ALL
    SELECT name, '', opened_at, '', '', 0, 0, 0, NULL, NULL, NULL, NULL, 1
    FROM tallies
    WHERE name >= ?1 AND name < ?2
    ORDER BY name
    LIMIT ?3";

/// The records of one file.
pub(super) struct EmbeddedTasks {
    pub(super) database: Arc<Database>,
    pub(super) clock: Arc<dyn Clock>,
}

#[async_trait]
impl TaskStore for EmbeddedTasks {
    /// Opening the file has made it ready.
    async fn prepare(&self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Writes: a full disk can still be read.
    async fn check(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        self.database
            .writer
            .write("check the task store", Until::OnDisk, move |connection| {
                connection.prepare_cached(CHECK)?.execute([Millis(now)])
            })
            .await?;
        Ok(())
    }

    async fn read(&self, name: &str) -> Result<Option<Stored>, StorageError> {
        let name = name.to_owned();
        self.database
            .readers
            .read("read record", move |connection| {
                connection
                    .prepare_cached(READ)?
                    .query_row([name], stored)
                    .optional()
            })
            .await
    }

    async fn look(&self, name: &str, most: usize) -> Result<Option<Looked>, StorageError> {
        let name = name.to_owned();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.database
            .readers
            .read("read record", move |connection| {
                connection
                    .prepare_cached(LOOK)?
                    .query_row(params![name, most], looked)
                    .optional()
            })
            .await
    }

    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError> {
        write::all(&self.database, &self.clock, steps).await
    }

    fn write_each<'a>(&'a self, writes: &'a [&'a [Step<'a>]]) -> Writes<'a> {
        let answers = write::each(&self.database, &self.clock, writes);
        let answers = stream::once(answers).flat_map(|answers| stream::iter(answers).enumerate());
        answers.boxed()
    }

    /// `next` is the name that the next page starts with.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let from = after.unwrap_or_default().max(prefix).to_owned();
        // Names are ASCII, so the last character there is follows all of them.
        let end = format!("{prefix}\u{10FFFF}");
        self.database
            .readers
            .read("list records", move |connection| {
                let one_more = i64::from(limit) + 1;
                let mut statement = connection.prepare_cached(LIST)?;
                let mut rows = statement.query(params![from, end, one_more])?;
                let (mut page, mut left) = (Page::default(), limit);
                while let Some(row) = rows.next()? {
                    if left == 0 {
                        page.next = Some(row.get("name")?);
                        break;
                    }
                    left -= 1;
                    match row.get("is_tally")? {
                        true => page.tallies.push(listed_tally(row)?),
                        false => page.items.push(listed(row)?),
                    }
                }
                Ok(page)
            })
            .await
    }

    async fn newest(
        &self,
        wanted: &Wanted,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Newest, StorageError> {
        let position = after.map(str::parse).transpose();
        let Ok(position) = position else {
            return Ok(Newest::UnknownPosition);
        };
        let wanted = wanted.clone();
        self.database
            .readers
            .read("list records", move |connection| {
                newest::page(connection, &wanted, position, limit as usize)
            })
            .await
            .map(Newest::Page)
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::plan;
    use super::*;

    #[test]
    fn a_listing_merges_records_and_tallies_in_their_indexes() {
        let plan = plan(LIST);
        assert_eq!(plan.matches("(name>? AND name<?)").count(), 2, "{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP"), "{plan}");
    }
}
