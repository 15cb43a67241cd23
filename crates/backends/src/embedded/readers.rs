//! The threads that read, each with a read-only connection.
//!
//! They see every commit that was acknowledged, and none of them waits for a commit: a large record
//! is read while the disk is busy with a write.

use std::io;

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::errors::storage_error;
use super::pool::Pool;
use ports::StorageError;

/// A handle to the threads, which finish what is waiting and end when this is dropped.
#[derive(Debug)]
pub(super) struct Readers(Pool<Connection>);

impl Readers {
    /// Starts one thread for each connection; the end of any cancels `ended`.
    pub(super) fn start(
        connections: Vec<Connection>,
        ended: &CancellationToken,
    ) -> io::Result<Self> {
        Pool::start("embedded-reader", connections, ended).map(Self)
    }

    /// Runs a query on the first thread that is free, unless the caller's budget is spent before.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let job = move |connection: &_| query(connection).map_err(|e| storage_error(operation, &e));
        self.0.run(operation, job).await
    }
}
