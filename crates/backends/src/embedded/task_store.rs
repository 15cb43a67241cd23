//! Task records as rows.
//!
//! An ETag is random (122 bits of a UUID), new with every write: it never comes back, not even after a
//! delete and a create, and there is no counter to keep.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, MAIN_DB, OptionalExtension, Row, params};
use uuid::Uuid;

use super::Database;
use super::durability::Until;
use super::millis::Millis;
use super::{newest, write};
use ports::{
    Clock, Document, ETag, Head, HeadError, Listed, Newest, Page, Step, StorageError, Stored,
    TaskStore, Wanted, Written,
};

const CREATE: &str = "
    INSERT INTO records
        (name, etag, kind, status, created_at, updated_at, attempts, modified_at, body, error_code,
        error_message)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
    ON CONFLICT (name) DO NOTHING";

const READ: &str = "SELECT body, etag, modified_at FROM records WHERE name = ?1";

/// Leaves alone when the record was created: to name an indexed column is to write its index.
const REPLACE: &str = "
    UPDATE records
    SET etag = ?2, kind = ?3, status = ?4, updated_at = ?5, attempts = ?6, modified_at = ?7,
        body = ?8, error_code = ?9, error_message = ?10
    WHERE name = ?1 AND etag = ?11";

const DELETE: &str = "DELETE FROM records WHERE name = ?1 AND etag = coalesce(?2, etag)";

const ROW_ID: &str = "SELECT rowid FROM records WHERE name = ?1";

/// The size in bytes from which a body is not handed to SQLite with its row. SQLite would copy it twice,
/// as what is bound and as the row that is made of it, so that four of them were in memory. It is
/// written into a row that has the room instead, of which zeros may reach the disk before: too much for
/// those that are smaller.
const LARGE: usize = 1024 * 1024;

const CHECK: &str = "
    INSERT INTO checks (id, checked_at) VALUES (1, ?1)
    ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at";

const LIST: &str = "
    SELECT name, etag, modified_at, kind, status, created_at, updated_at, attempts, error_code,
        error_message
    FROM records
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

    async fn write(&self, steps: &[Step<'_>]) -> Result<Written, StorageError> {
        write::all(&self.database, &self.clock, steps).await
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
                let mut items = connection
                    .prepare_cached(LIST)?
                    .query_map(params![from, end, one_more], listed)?
                    .collect::<rusqlite::Result<Vec<_>>>()?;
                let next = items
                    .drain(items.len().min(limit as usize)..)
                    .next()
                    .map(|first| first.name);
                Ok(Page { items, next })
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

/// A version that was never there before.
pub(super) fn new_etag() -> ETag {
    ETag::new(Uuid::new_v4().simple().to_string())
}

/// Adds a record, unless the name is taken.
pub(super) fn create(
    connection: &Connection,
    name: &str,
    document: &Document,
    etag: &ETag,
    now: Millis,
) -> rusqlite::Result<bool> {
    let Document { head, body } = document;
    let created = connection.prepare_cached(CREATE)?.execute(params![
        name,
        etag.as_str(),
        head.kind,
        head.status,
        Millis(head.created_at),
        Millis(head.updated_at),
        head.attempts,
        now,
        room_for(body),
        head.error.as_ref().map(|error| &error.code),
        head.error.as_ref().map(|error| &error.message),
    ])?;
    if created == 0 {
        return Ok(false);
    }
    fill(connection, name, body)?;
    Ok(true)
}

/// Writes over a record, if it still has the ETag that is expected.
pub(super) fn replace(
    connection: &Connection,
    name: &str,
    Document { head, body }: &Document,
    (expected, etag): (&ETag, &ETag),
    now: Millis,
) -> rusqlite::Result<bool> {
    let replaced = connection.prepare_cached(REPLACE)?.execute(params![
        name,
        etag.as_str(),
        head.kind,
        head.status,
        Millis(head.updated_at),
        head.attempts,
        now,
        room_for(body),
        head.error.as_ref().map(|error| &error.code),
        head.error.as_ref().map(|error| &error.message),
        expected.as_str(),
    ])?;
    if replaced == 0 {
        return Ok(false);
    }
    fill(connection, name, body)?;
    Ok(true)
}

/// True when a record takes more than one statement to write.
pub(super) fn is_large(document: &Document) -> bool {
    document.body.len() >= LARGE
}

/// The body, or as much room when it is large.
fn room_for(body: &[u8]) -> ToSqlOutput<'_> {
    if body.len() < LARGE {
        ToSqlOutput::Borrowed(ValueRef::Blob(body))
    } else {
        ToSqlOutput::ZeroBlob(body.len() as u64)
    }
}

/// Writes a large body into the room that its row has for it.
fn fill(connection: &Connection, name: &str, body: &[u8]) -> rusqlite::Result<()> {
    if body.len() < LARGE {
        return Ok(());
    }
    let row = connection
        .prepare_cached(ROW_ID)?
        .query_row([name], |row| row.get(0))?;
    let mut room = connection.blob_open(MAIN_DB, c"records", c"body", row, false)?;
    room.write_at(body, 0)?;
    room.close()
}

/// Deletes a record, with an ETag only if it still has that.
pub(super) fn delete(
    connection: &Connection,
    name: &str,
    etag: Option<&ETag>,
) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached(DELETE)?
        .execute(params![name, etag.map(ETag::as_str)])?;
    Ok(deleted > 0)
}

fn etag(row: &Row<'_>) -> rusqlite::Result<ETag> {
    row.get::<_, String>("etag").map(ETag::new)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
        etag: etag(row)?,
        modified_at: row.get::<_, Millis>("modified_at")?.0,
    })
}

pub(super) fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let error = row.get::<_, Option<String>>("error_code")?;
    let message = row.get::<_, Option<String>>("error_message")?;
    let error = error.map(|code| {
        Box::new(HeadError {
            code,
            message: message.unwrap_or_default(),
        })
    });
    Ok(Listed {
        name: row.get("name")?,
        etag: etag(row)?,
        modified_at: row.get::<_, Millis>("modified_at")?.0,
        head: Some(Head {
            kind: row.get("kind")?,
            status: row.get("status")?,
            created_at: row.get::<_, Millis>("created_at")?.0,
            updated_at: row.get::<_, Millis>("updated_at")?.0,
            attempts: row.get("attempts")?,
            error,
        }),
    })
}
