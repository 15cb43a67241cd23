//! The yardstick of latency: one durable commit of SQLite and nothing else, on the same disk.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::latencies::Latencies;

/// The median of so many commits of one row each, in a file in this folder.
pub(crate) fn median(folder: &Path, commits: usize) -> rusqlite::Result<Duration> {
    let connection = Connection::open(folder.join("commits.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE rows (body BLOB)")?;
    let mut insert = connection.prepare("INSERT INTO rows VALUES (?1)")?;
    let mut latencies = Latencies::default();
    for _ in 0..commits {
        let begun = Instant::now();
        insert.execute([[0_u8; 300]])?;
        latencies.add(begun.elapsed());
    }
    Ok(latencies.quantile(0.5))
}
