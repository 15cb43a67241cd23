//! Task records as rows.
//!
//! An ETag is random (122 bits of a UUID), new with every write: it never comes back, not even after a
//! delete and a create, and there is no counter to keep.

use bytes::Bytes;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, MAIN_DB, Row, params};
use uuid::Uuid;

use super::millis::Millis;
use ports::{Document, ETag, Further, Head, HeadError, Listed, ListedTally, Looked, Stored};

const CREATE: &str = "
    INSERT INTO records
        (name, etag, kind, status, created_at, updated_at, attempts, modified_at, body, error_code,
        error_message, due_at, labels)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
    ON CONFLICT (name) DO NOTHING";

/// Leaves alone when the record was created: to name an indexed column is to write its index.
const REPLACE: &str = "
    UPDATE records
    SET etag = ?2, kind = ?3, status = ?4, updated_at = ?5, attempts = ?6, modified_at = ?7,
        body = ?8, error_code = ?9, error_message = ?10, due_at = ?11,
        labels = ?12
    WHERE name = ?1 AND etag = ?13";

const DELETE: &str = "DELETE FROM records WHERE name = ?1 AND etag = coalesce(?2, etag)";

const ROW_ID: &str = "SELECT rowid FROM records WHERE name = ?1";

/// The size in bytes from which a body is not handed to SQLite with its row. SQLite would copy it twice,
/// as what is bound and as the row that is made of it, so that four of them were in memory. It is
/// written into a row that has the room instead, of which zeros may reach the disk before: too much for
/// those that are smaller.
const LARGE: usize = 1024 * 1024;

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
        head.due_at().map(Millis),
        head.labels(),
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
        head.due_at().map(Millis),
        head.labels(),
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

/// A record, of a row with its body.
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
        etag: etag(row)?,
        modified_at: row.get::<_, Millis>("modified_at")?.0,
    })
}

/// A record, of a row with its body if that is small enough, and with its head.
pub(super) fn looked(row: &Row<'_>) -> rusqlite::Result<Looked> {
    Ok(match row.get_ref("body")? {
        ValueRef::Null => Looked::Large(listed(row)?),
        _ => Looked::Whole(stored(row)?),
    })
}

/// A tally that a listing of records passes.
pub(super) fn listed_tally(row: &Row<'_>) -> rusqlite::Result<ListedTally> {
    Ok(ListedTally {
        name: row.get("name")?,
        modified_at: row.get::<_, Millis>("modified_at")?.0,
    })
}

/// A record of a listing, of a row with its head.
pub(super) fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    let error = row.get::<_, Option<String>>("error_code")?;
    let message = row.get::<_, Option<String>>("error_message")?;
    let error = error.map(|code| {
        Box::new(HeadError {
            code,
            message: message.unwrap_or_default(),
        })
    });
    let due_at = row.get::<_, Option<Millis>>("due_at")?;
    let labels = row.get_ref("labels")?.as_str_or_null()?;
    let further = Further::of(due_at.map(|due| due.0), labels);
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
            further,
        }),
    })
}
