//! The file: how it is opened, what its tables are, and how they change with a release.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::OpenError;

/// What leads from each schema version to the next one; version 0 is an empty file.
///
/// Never edit a released entry: append one.
const MIGRATIONS: &[&str] = &[
    RECORDS_AND_MESSAGES,
    NEWEST_AND_ERRORS,
    DUE_AND_LABELS,
    RAW_MESSAGES,
    TALLIES,
    OPENED_AT,
];

/// `records` keeps its row id although names are unique: `WITHOUT ROWID` would spread bodies over
/// the inner pages of the tree, and a lookup would pass through them. `body` comes last, so that a
/// listing stops before it and never follows a large one into its overflow pages.
///
/// The index holds all that finding the oldest visible messages needs, and all that counting does.
/// Ids are never given twice (`AUTOINCREMENT`), so that a log line names one message only.
const RECORDS_AND_MESSAGES: &str = "
    CREATE TABLE records (
        name        TEXT    NOT NULL UNIQUE,
        etag        TEXT    NOT NULL,
        kind        TEXT    NOT NULL,
        status      TEXT    NOT NULL,
        created_at  INTEGER NOT NULL,
        updated_at  INTEGER NOT NULL,
        attempts    INTEGER NOT NULL,
        modified_at INTEGER NOT NULL,
        body        BLOB    NOT NULL
    ) STRICT;

    CREATE TABLE messages (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        queue         TEXT    NOT NULL,
        inserted_at   INTEGER NOT NULL,
        visible_at    INTEGER NOT NULL,
        dequeue_count INTEGER NOT NULL DEFAULT 0,
        pop_receipt   TEXT,
        text          TEXT    NOT NULL
    ) STRICT;

    -- One row, written to learn whether writing works.
    CREATE TABLE checks (
        id         INTEGER PRIMARY KEY CHECK (id = 1),
        checked_at INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX messages_by_visibility ON messages (queue, visible_at, id);
";

/// For listings: newest first, and what went wrong. A row id grows with time, and ends each key.
///
/// Most tasks succeed, and are asked for by their id: they pay for one index. Those that did not are few
/// among many, and are found without looking through the others. The errors come after the body, because
/// putting them before it would copy the file; a listing follows a large body to its end for a failed
/// task only, as the others have none.
const NEWEST_AND_ERRORS: &str = "
    ALTER TABLE records ADD COLUMN error_code TEXT;
    ALTER TABLE records ADD COLUMN error_message TEXT;

    CREATE INDEX records_by_time ON records (created_at);
    CREATE INDEX records_without_success ON records (status, created_at)
        WHERE status IN ('failed', 'canceled');
";

/// When a task may begin, while it waits for that, and what its client calls it: most have neither, and pay a
/// byte each. Behind the body as the errors are, and for the same reason.
const DUE_AND_LABELS: &str = "
    ALTER TABLE records ADD COLUMN due_at INTEGER;
    ALTER TABLE records ADD COLUMN labels TEXT;
";

/// Clients' own messages, apart from those of tasks, which pay for no column more. An index for what is next,
/// and one for what has come to its end.
const RAW_MESSAGES: &str = "
    CREATE TABLE raw_messages (
        number        INTEGER PRIMARY KEY AUTOINCREMENT,
        id            TEXT    NOT NULL UNIQUE,
        queue         TEXT    NOT NULL,
        inserted_at   INTEGER NOT NULL,
        expires_at    INTEGER NOT NULL,
        visible_at    INTEGER NOT NULL,
        dequeue_count INTEGER NOT NULL DEFAULT 0,
        pop_receipt   TEXT    NOT NULL,
        text          TEXT    NOT NULL
    ) STRICT;

    CREATE INDEX raw_messages_by_visibility ON raw_messages (queue, visible_at, number);
    CREATE INDEX raw_messages_by_end ON raw_messages (queue, expires_at);
";

/// Lists to which many add. An entry knows its place in its list, from 1 and without gaps, since none is deleted
/// alone: so the last one of the index is how many there are.
const TALLIES: &str = "
    CREATE TABLE tallies (
        id   INTEGER PRIMARY KEY,
        name TEXT    NOT NULL UNIQUE
    ) STRICT;

    CREATE TABLE tally_entries (
        tally INTEGER NOT NULL,
        place INTEGER NOT NULL,
        text  TEXT    NOT NULL,
        UNIQUE (tally, place)
    ) STRICT;
";

/// When a tally was opened, so that none is taken for a leftover that is new. Those of before count as old.
const OPENED_AT: &str = "ALTER TABLE tallies ADD COLUMN opened_at INTEGER NOT NULL DEFAULT 0;";

/// How long a connection waits for somebody else's lock, such as a backup tool's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The size in bytes the write-ahead log is cut back to after a burst of large records.
const LOG_SIZE_LIMIT: i64 = 16 * 1024 * 1024;

/// Opens the file for writing, creates it when it is missing, and brings its tables up to date.
///
/// Freed pages are reused and never given back: the file stays as large as it once had to be, which
/// costs nothing per write. `VACUUM` by hand shrinks it.
pub(super) fn open_for_writing(file: &Path) -> Result<Connection, OpenError> {
    let failed = |cause| OpenError::database(file, cause);
    let mut connection = open(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    configure(&connection).map_err(failed)?;
    migrate(file, &mut connection, MIGRATIONS)?;
    Ok(connection)
}

/// Opens the file, which exists and is up to date, for reading.
pub(super) fn open_for_reading(file: &Path) -> Result<Connection, OpenError> {
    open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// `NO_MUTEX`: a connection belongs to one thread.
fn open(file: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .and_then(|connection| {
            connection.busy_timeout(BUSY_TIMEOUT)?;
            // A plan that may depend on what is bound is made anew with each binding.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            Ok(connection)
        })
        .map_err(|cause| OpenError::database(file, cause))
}

/// A commit is on the disk before it is acknowledged, and readers do not wait for it.
///
/// Where a file system cannot share memory, SQLite keeps its rollback journal: slower, as safe.
/// `fullfsync` matters on macOS only, where a plain `fsync` ends in the drive's cache.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE_LIMIT)
}

/// Leads from the version that is found to the last one there is a migration to, in one transaction:
/// a file is migrated as a whole, or as it was. A newer one is left alone.
fn migrate(file: &Path, connection: &mut Connection, migrations: &[&str]) -> Result<(), OpenError> {
    let failed = |cause| OpenError::database(file, cause);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let found: u32 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    let known = migrations.len() as u32;
    if found > known {
        return Err(OpenError::NewerSchema {
            file: file.to_owned(),
            found,
            known,
        });
    }
    for (version, migration) in (1..=known).zip(migrations) {
        if version > found {
            transaction
                .execute_batch(migration)
                .and_then(|()| transaction.pragma_update(None, "user_version", version))
                .map_err(|cause| OpenError::migration(file, found, version, cause))?;
        }
    }
    transaction
        .commit()
        .map_err(|cause| OpenError::migration(file, found, known, cause))
}

/// How SQLite goes about a statement, one step a line.
#[cfg(test)]
pub(super) fn plan(statement: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let connection = open_for_writing(&folder.path().join("tasks.db")).unwrap();
    let mut explained = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
        .unwrap();
    let steps: Vec<String> = explained
        .raw_query()
        .mapped(|row| row.get("detail"))
        .collect::<Result<_, _>>()
        .unwrap();
    steps.join("\n")
}

#[cfg(test)]
mod tests;
