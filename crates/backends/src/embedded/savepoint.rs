//! Several statements that count as one.

use rusqlite::Connection;

/// Runs statements within a transaction of which, when one fails or they find that they must not be
/// (`Ok(Err(..))`), none has been run: those that share the transaction go on.
pub(super) fn all_or_nothing<T, N>(
    connection: &Connection,
    statements: impl FnOnce() -> rusqlite::Result<Result<T, N>>,
) -> rusqlite::Result<Result<T, N>> {
    connection.prepare_cached("SAVEPOINT one")?.execute([])?;
    let done = statements();
    if !matches!(done, Ok(Ok(_))) {
        // When SQLite has given up the whole transaction there is no savepoint, and the writer sees it.
        let _ = connection.execute_batch("ROLLBACK TO one");
    }
    let _ = connection.prepare_cached("RELEASE one")?.execute([]);
    done
}
