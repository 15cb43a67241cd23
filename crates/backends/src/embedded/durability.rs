//! What waits for the disk, and what need not.
//!
//! Commits reach the disk in their order: the write-ahead log is one file, each of its frames is
//! chained to the one before by a checksum, and it begins anew only when all of it is in the
//! database and on the disk (SQLite, "WAL-mode File Format"). Whatever a power cut takes, it takes
//! everything after it as well. So a write that may be taken need not wait, and one that waits brings
//! all before it, if it changes anything at all.

use rusqlite::Connection;

/// How far a write must have come when its caller goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Until {
    /// Every reader sees it, and the end of this process does not undo it. A power cut may.
    Committed,
    /// It is on the disk, and with it all that was committed before.
    OnDisk,
}

/// Whether SQLite waits for the disk at each commit of a connection (`synchronous`).
pub(super) struct Level {
    /// Without a write-ahead log, SQLite promises a sound file only if it always waits.
    may_vary: bool,
    /// `None` when it could not be set: then nobody knows.
    waits: Option<bool>,
}

impl Level {
    /// Of a connection that waits, which is how it is opened.
    pub(super) fn of(connection: &Connection) -> Self {
        let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
        Self {
            may_vary: mode.is_ok_and(|mode: String| mode == "wal"),
            waits: Some(true),
        }
    }

    /// Sets it for the next commit, between two transactions, where alone it may be set. Says whether
    /// that commit waits: when it has to, or cannot do without.
    pub(super) fn set(&mut self, connection: &Connection, until: Until) -> rusqlite::Result<bool> {
        let waits = until == Until::OnDisk || !self.may_vary;
        if self.waits != Some(waits) {
            self.waits = None;
            connection.execute_batch(if waits {
                "PRAGMA synchronous = FULL"
            } else {
                "PRAGMA synchronous = NORMAL"
            })?;
            self.waits = Some(waits);
        }
        Ok(waits)
    }
}
